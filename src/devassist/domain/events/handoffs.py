"""What agents hand on, what is said of it, and the notes they leave each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from devassist.domain.events.calls import JsonObject
from devassist.domain.events.kinds import EventType
from devassist.domain.handoffs import Claim, Objection, Verdict
from devassist.domain.resolutions import DroppedLine


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffSubmitted:
    """
    An agent ended its round with a handoff.

    `declared` and `dropped` are an integrator's: the lines it says it left out, and those that are in fact.
    """

    type: ClassVar[EventType] = EventType.HANDOFF_SUBMITTED
    role: str = ""
    round: int = 1
    turns: int = 0
    kind: str = ""
    summary: str = ""
    confidence: float = 0.0
    intent: str = ""
    urgency: str = "normal"
    context: JsonObject | None = None
    artifacts: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    open_questions: tuple[str, ...] = ()
    findings: tuple[JsonObject, ...] = ()
    verdict: str = ""
    declared: tuple[str, ...] = ()
    dropped: tuple[DroppedLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffReturned:
    """A handoff went back to its agent. `objection` is what for; each counts by itself."""

    type: ClassVar[EventType] = EventType.HANDOFF_RETURNED
    role: str = ""
    round: int = 0
    reason: str = ""
    objection: Objection = Objection.WORK


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimChecked:
    """A claim was compared with the log."""

    type: ClassVar[EventType] = EventType.CLAIM_CHECKED
    statement: str = ""
    evidence: str = ""
    verdict: Verdict = Verdict.UNCITED
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotePosted:
    """
    A note on the board, or to one task.

    `sender` is a person or `conflicts`, empty for the agent of the event; `to` is a task, empty for the board.
    `conflict` and `status` say which conflict it is about and how sure that was.
    """

    type: ClassVar[EventType] = EventType.NOTE_POSTED
    text: str = ""
    paths: tuple[str, ...] = ()
    sender: str = ""
    to: str = ""
    conflict: str = ""
    status: str = ""
    role: str = ""
    round: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteDelivered:
    """Notes were put before a model call. `notes` are event ids, `address` is the call's."""

    type: ClassVar[EventType] = EventType.NOTE_DELIVERED
    address: str = ""
    notes: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
