"""What was decided: by policy, agents and people, about plans, merges, conflicts and everything asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from devassist.domain.conflicts import Conflict, ConflictStatus, Level, Location, Severity
from devassist.domain.events.kinds import EventType
from devassist.domain.plan import Plan
from devassist.domain.resolutions import DroppedLine, ResolutionCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """An earlier answer to the same hunk: which conflict, by whom, in which commit and event."""

    conflict: str = ""
    who: str = ""
    commit: str = ""
    event: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledHunk:
    """One hunk of a conflict and the text that settled it, by which an exact repeat is recognised."""

    key: str = ""
    path: str = ""
    choice: str = ""
    """Which side it took, both in which order, or `own`."""
    text: str = ""
    text_digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """
    Exactly what was judged; only what the kind of request has is set.

    A merge or resolution has object ids (`ours`, `theirs`, `tree`), a scope `paths`, a command its text, a plan the
    plan, a mass deletion the number of deleted files, a change to what judges it also what that makes of the tests.
    """

    ours: str = ""
    theirs: str = ""
    tree: str = ""
    paths: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    plan: Plan | None = None
    deleted: int | None = None
    tests: tuple[str, ...] = ()
    ref: str = ""
    conflicts: tuple[str, ...] = ()
    dropped: tuple[DroppedLine, ...] = ()
    who: str = ""
    how: str = ""
    choice: str = ""
    hunks: tuple[SettledHunk, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionMade:
    """
    Who chose what, between which options, why, and how sure (0 to 1).

    `who` is `policy`, `person NAME` or `agent ID`. `limit` names the limit that was reached, `approval` the request
    that was decided; `offer` is the resolution that was judged.
    """

    type: ClassVar[EventType] = EventType.DECISION_MADE
    who: str = ""
    question: str = ""
    options: tuple[str, ...] = ()
    choice: str = ""
    reason: str = ""
    confidence: float | None = None
    limit: str = ""
    approval: str = ""
    commit: str = ""
    ours: str = ""
    theirs: str = ""
    tree: str = ""
    parents: tuple[str, ...] = ()
    precedents: tuple[Repeat, ...] = ()
    offer: Shown | None = None
    role: str = ""
    round: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRequested:
    """A person is asked. `binds_to` is the digest of what is shown: an answer counts for exactly that."""

    type: ClassVar[EventType] = EventType.APPROVAL_REQUESTED
    approval: str = ""
    kind: str = ""
    question: str = ""
    options: tuple[str, ...] = ()
    binds_to: str = ""
    confidence: float | None = None
    shown: Shown = field(default_factory=Shown)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalDecided:
    """
    A request was answered. `choice` is approve, reject, answer or withdraw.

    `plan` is the plan as the person changed it.
    """

    type: ClassVar[EventType] = EventType.APPROVAL_DECIDED
    approval: str = ""
    choice: str = ""
    answer: str = ""
    reason: str = ""
    who: str = ""
    binds_to: str = ""
    plan: Plan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictFound:
    """Two branches cannot both land as they are. The fields after `base` are the conflict's own."""

    type: ClassVar[EventType] = EventType.CONFLICT_FOUND
    conflict: str = ""
    base: str = ""
    id: str = ""
    level: Level = Level.TEXT
    kind: str = ""
    severity: Severity = Severity.ERROR
    branches: tuple[str, ...] = ()
    path: str = ""
    symbol: str | None = None
    locations: tuple[Location, ...] = ()
    explanation: str = ""
    suggestion: str = ""
    status: ConflictStatus = ConflictStatus.OPEN

    @classmethod
    def of(cls, conflict: Conflict, *, base: str) -> ConflictFound:
        """The fact that `conflict` was found, looked at from the commit `base`."""
        return cls(
            conflict=conflict.id,
            base=base,
            id=conflict.id,
            level=conflict.level,
            kind=conflict.kind,
            severity=conflict.severity,
            branches=conflict.branches,
            path=conflict.path,
            symbol=conflict.symbol,
            locations=conflict.locations,
            explanation=conflict.explanation,
            suggestion=conflict.suggestion,
            status=ConflictStatus(conflict.status),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BesideConflict:
    """A conflict of the same pair that a resolution does not settle; `stands` is None where nobody can tell."""

    conflict: str = ""
    stands: bool | None = None
    explanation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictResolved:
    """
    A conflict's status changed: resolved, waived, gone or open again.

    `ref` keeps the merge `commit` that settled it; `undone` is the commit whose resolution was taken back.
    """

    type: ClassVar[EventType] = EventType.CONFLICT_RESOLVED
    conflict: str = ""
    status: ConflictStatus = ConflictStatus.RESOLVED
    who: str = ""
    reason: str = ""
    how: str = ""
    choice: str = ""
    branches: tuple[str, ...] = ()
    commit: str = ""
    tree: str = ""
    parents: tuple[str, ...] = ()
    dropped: tuple[DroppedLine, ...] = ()
    checks: tuple[ResolutionCheck, ...] = ()
    overruled: bool = False
    hunks: tuple[SettledHunk, ...] = ()
    precedents: tuple[Repeat, ...] = ()
    beside: tuple[BesideConflict, ...] = ()
    ref: str = ""
    approval: str = ""
    undone: str = ""
