"""Words for events about several branches: conflicts, outdated bases, merges during a task."""

from __future__ import annotations

from devassist.domain.conflicts import ConflictStatus
from devassist.domain.events import (
    BranchRebased,
    BranchStaled,
    ConflictFound,
    ConflictResolved,
    EventType,
    Record,
)

MEETING = frozenset(
    {
        EventType.CONFLICT_FOUND,
        EventType.CONFLICT_RESOLVED,
        EventType.BRANCH_STALED,
        EventType.BRANCH_REBASED,
    }
)


def described(record: Record) -> str:
    """The event in a few words; empty for any other event."""
    match record.body:
        case ConflictFound() as conflict:
            return f"{conflict.status}, {conflict.kind}: {conflict.explanation}"
        case ConflictResolved() as resolved:
            return f"{resolved.conflict} is {resolved.status}: {resolved.reason}"
        case BranchStaled() as stale:
            return f"{stale.branch} builds on an older version of {', '.join(stale.paths)} than {stale.by}"
        case BranchRebased() as rebased:
            return f"{rebased.branch} goes on from a merge with {rebased.onto}"
        case _:
            return ""


def sureness(status: str) -> str:
    """A conflict's status as a suffix; empty for an open one."""
    return "" if status == ConflictStatus.OPEN else f" ({status})"
