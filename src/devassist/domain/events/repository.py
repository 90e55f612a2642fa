"""What happens in the repository: worktrees, commits, branches, merges and pull requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from devassist.domain.events.kinds import EventType


@dataclass(frozen=True, slots=True, kw_only=True)
class WorktreeIntended:
    """A worktree is about to be made at `commit`; `branch` is empty for a detached one."""

    type: ClassVar[EventType] = EventType.WORKTREE_INTENDED
    path: str = ""
    branch: str = ""
    commit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorktreeOpened:
    """A worktree was made."""

    type: ClassVar[EventType] = EventType.WORKTREE_OPENED
    path: str = ""
    branch: str = ""
    commit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorktreeFurnished:
    """What a worktree had before its agent began: files copied in, and all that differed from the commit."""

    type: ClassVar[EventType] = EventType.WORKTREE_FURNISHED
    path: str = ""
    copied: tuple[str, ...] = ()
    given: Mapping[str, str] = field(default_factory=dict)
    """Path -> blob id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorktreeRemoved:
    """A worktree was removed; nothing in it was only there."""

    type: ClassVar[EventType] = EventType.WORKTREE_REMOVED
    path: str = ""
    branch: str | None = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorktreeKept:
    """A worktree was left where it is."""

    type: ClassVar[EventType] = EventType.WORKTREE_KEPT
    path: str = ""
    branch: str | None = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitIntended:
    """The harness is about to commit an agent's change. The event's id is in the commit's trailers."""

    type: ClassVar[EventType] = EventType.COMMIT_INTENDED
    role: str = ""
    branch: str = ""
    old: str = ""
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitCreated:
    """A commit of an agent's change. `left_out` pairs each path that was not committed with the reason."""

    type: ClassVar[EventType] = EventType.COMMIT_CREATED
    commit: str = ""
    tree: str = ""
    parents: tuple[str, ...] = ()
    branch: str = ""
    role: str = ""
    round: int = 0
    """0 where the commit was recovered after a crash."""
    paths: tuple[str, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    recovered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotTaken:
    """Uncommitted work was committed to a rescue ref."""

    type: ClassVar[EventType] = EventType.SNAPSHOT_TAKEN
    ref: str = ""
    commit: str = ""
    worktree: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchRebased:
    """An agent goes on from a merge with the task `onto`, because of `conflict`. `start` is the task's new start."""

    type: ClassVar[EventType] = EventType.BRANCH_REBASED
    branch: str = ""
    onto: str = ""
    old: str = ""
    new: str = ""
    start: str = ""
    conflict: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchStaled:
    """Task `by` landed in `paths` that `branch` changes as well; `onto` is the commit with that landing."""

    type: ClassVar[EventType] = EventType.BRANCH_STALED
    branch: str = ""
    by: str = ""
    paths: tuple[str, ...] = ()
    onto: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeApproved:
    """Exactly this merge may land: `decision` or `approval` says by whose word."""

    type: ClassVar[EventType] = EventType.MERGE_APPROVED
    approver: str = ""
    ours: str = ""
    theirs: str = ""
    tree: str = ""
    ref: str = ""
    decision: str = ""
    approval: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeIntended:
    """`ref` is about to move from `old` to the merge of `ours` and `theirs`."""

    type: ClassVar[EventType] = EventType.MERGE_INTENDED
    ref: str = ""
    old: str = ""
    ours: str = ""
    theirs: str = ""
    tree: str = ""
    approver: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeCompleted:
    """`ref` is at `commit`. `audit_head` is the log's head that the commit names, as `<seq>:<hash>`."""

    type: ClassVar[EventType] = EventType.MERGE_COMPLETED
    commit: str = ""
    tree: str = ""
    parents: tuple[str, ...] = ()
    ref: str = ""
    audit_head: str = ""
    approver: str = ""
    recovered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PrIntended:
    """A branch is about to be pushed for a pull request; `command` is what `gh` will be asked."""

    type: ClassVar[EventType] = EventType.PR_INTENDED
    branch: str = ""
    commit: str = ""
    remote: str = ""
    url: str = ""
    command: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchPushed:
    """A branch was pushed."""

    type: ClassVar[EventType] = EventType.BRANCH_PUSHED
    branch: str = ""
    commit: str = ""
    remote: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrOpened:
    """A pull request was opened at `url`."""

    type: ClassVar[EventType] = EventType.PR_OPENED
    branch: str = ""
    commit: str = ""
    remote: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrRefused:
    """No pull request was opened."""

    type: ClassVar[EventType] = EventType.PR_REFUSED
    branch: str = ""
    commit: str = ""
    remote: str = ""
    url: str = ""
    reason: str = ""
