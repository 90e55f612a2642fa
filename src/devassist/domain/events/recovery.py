"""What was found and put right after a crash, what was learned, and what was taken out of the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from devassist.domain.events.decisions import SettledHunk
from devassist.domain.events.kinds import EventType


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryDone:
    """
    What a dead supervisor left was cleared (`killed` processes, `locks` removed), or a damage was repaired.

    For a repair `what` names it, `path` says where, `before` and `after` how it was and is.
    """

    type: ClassVar[EventType] = EventType.RECOVERY_DONE
    killed: int = 0
    locks: tuple[str, ...] = ()
    what: str = ""
    path: str = ""
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryUnknown:
    """Nobody knows how an act ended that was begun before a crash. `intended` is the event that began it."""

    type: ClassVar[EventType] = EventType.RECOVERY_UNKNOWN
    what: str = ""
    address: str = ""
    intended: str = ""
    reason: str = ""
    command: str = ""
    evidence: str = ""
    role: str = ""
    round: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryDiverged:
    """What is recorded of an attempt does not fit any more: it begins anew."""

    type: ClassVar[EventType] = EventType.RECOVERY_DIVERGED
    address: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedMerge:
    """A merge of the history: who made it (`person NAME`), and how its hunks were settled."""

    commit: str = ""
    who: str = ""
    hunks: tuple[SettledHunk, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonLearned:
    """
    How people settled the hunks of merges in the repository's history, newest merge first.

    Counts are of merges that were replayed, of those made by devassist and therefore left out, of those with
    conflicts, and of hunks.
    """

    type: ClassVar[EventType] = EventType.LESSON_LEARNED
    subject: str = ""
    head: str = ""
    merges: int = 0
    own: int = 0
    conflicting: int = 0
    hunks: int = 0
    answers: tuple[LearnedMerge, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactionRecorded:
    """The data of events `seqs` was taken out of the log, with the payloads of these hashes."""

    type: ClassVar[EventType] = EventType.REDACTED
    seqs: tuple[int, ...] = ()
    reason: str = ""
    by: str = ""
    payloads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """An event whose data was redacted: only that it happened is known."""

    type: EventType
