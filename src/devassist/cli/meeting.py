"""How events about branches that meet each other read: conflicts, outdated bases, merges on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from devassist.domain.events import EventType, Record

_SAID: Mapping[EventType, Callable[[Mapping[str, Any]], str]] = {
    EventType.CONFLICT_FOUND: lambda data: (
        f"{data.get('status', 'open')}, {data['kind']}: {data['explanation']}"
    ),
    EventType.CONFLICT_RESOLVED: lambda data: (
        f"{data['conflict']} is {data['status']}: {data.get('reason', '')}"
    ),
    EventType.BRANCH_STALED: lambda data: (
        f"{data['branch']} builds on an older version of {', '.join(data['paths'])} than {data['by']}"
    ),
    EventType.BRANCH_REBASED: lambda data: f"{data['branch']} goes on from a merge with {data['onto']}",
}
MEETING = frozenset(_SAID)


def told(record: Record) -> str:
    """The event in a few words; empty for any other event."""
    say = _SAID.get(record.type)
    return "" if say is None else say(record.data)


def sureness(conflict: Mapping[str, Any]) -> str:
    """What is said of a conflict beside its being there: provisional, waived; nothing for an open one."""
    status = conflict.get("status", "open")
    return "" if status == "open" else f" ({status})"
