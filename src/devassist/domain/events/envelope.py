"""What carries a fact: the event that is to be recorded, and the record that it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import get_args

from devassist.domain.events.agents import AgentFinished, AgentStarted, WorkerExited, WorkerStarted
from devassist.domain.events.calls import (
    CommandIntended,
    CommandRan,
    ModelCalled,
    ModelIntended,
    ToolCalled,
    ToolIntended,
)
from devassist.domain.events.decisions import (
    ApprovalDecided,
    ApprovalRequested,
    ConflictFound,
    ConflictResolved,
    DecisionMade,
)
from devassist.domain.events.handoffs import (
    ClaimChecked,
    HandoffReturned,
    HandoffSubmitted,
    NoteDelivered,
    NotePosted,
)
from devassist.domain.events.kinds import EventType
from devassist.domain.events.recovery import (
    LessonLearned,
    RecoveryDiverged,
    RecoveryDone,
    RecoveryUnknown,
    RedactionRecorded,
    Withheld,
)
from devassist.domain.events.repository import (
    BranchPushed,
    BranchRebased,
    BranchStaled,
    CommitCreated,
    CommitIntended,
    MergeApproved,
    MergeCompleted,
    MergeIntended,
    PrIntended,
    PrOpened,
    PrRefused,
    SnapshotTaken,
    WorktreeFurnished,
    WorktreeIntended,
    WorktreeKept,
    WorktreeOpened,
    WorktreeRemoved,
)
from devassist.domain.events.runs import (
    RunApplied,
    RunBeat,
    RunDiscarded,
    RunFinished,
    RunResumed,
    RunStarted,
    RunUndone,
    StopRequested,
    UndoIntended,
    WarningRaised,
)
from devassist.domain.events.tasks import (
    PlanRejected,
    PlanSubmitted,
    RoundStarted,
    TaskDelivered,
    TaskFinished,
    TaskRetried,
    TaskStarted,
)
from devassist.domain.events.tests import LandingJudged, LedgerRecorded

Fact = (
    WorkerStarted
    | WorkerExited
    | AgentStarted
    | AgentFinished
    | ModelIntended
    | ModelCalled
    | ToolIntended
    | ToolCalled
    | CommandIntended
    | CommandRan
    | DecisionMade
    | ApprovalRequested
    | ApprovalDecided
    | ConflictFound
    | ConflictResolved
    | LedgerRecorded
    | LandingJudged
    | HandoffSubmitted
    | HandoffReturned
    | ClaimChecked
    | NotePosted
    | NoteDelivered
    | RecoveryDone
    | RecoveryUnknown
    | RecoveryDiverged
    | LessonLearned
    | RedactionRecorded
    | WorktreeIntended
    | WorktreeOpened
    | WorktreeFurnished
    | WorktreeRemoved
    | WorktreeKept
    | CommitIntended
    | CommitCreated
    | SnapshotTaken
    | BranchRebased
    | BranchStaled
    | MergeApproved
    | MergeIntended
    | MergeCompleted
    | PrIntended
    | BranchPushed
    | PrOpened
    | PrRefused
    | RunStarted
    | RunResumed
    | RunBeat
    | RunFinished
    | StopRequested
    | WarningRaised
    | RunDiscarded
    | RunApplied
    | UndoIntended
    | RunUndone
    | PlanSubmitted
    | PlanRejected
    | TaskStarted
    | TaskDelivered
    | TaskFinished
    | TaskRetried
    | RoundStarted
)
"""The closed union of facts: one class per event type."""

Body = Fact | Withheld
"""What a record holds: a fact, unless it was redacted."""

FACTS: Mapping[EventType, type[Fact]] = {fact.type: fact for fact in get_args(Fact)}
"""Event type -> its class."""


@dataclass(frozen=True, slots=True)
class Event:
    """
    Something that happened, not yet durable.

    An empty `id` is given by the writer; tool calls bring their own, because the id is the evidence that claims
    cite. `agent` is `<task>/<role>`; planning uses `plan/<role>`.
    """

    body: Body
    run: str = field(default="", kw_only=True)
    task: str = field(default="", kw_only=True)
    agent: str = field(default="", kw_only=True)
    parent: str = field(default="", kw_only=True)
    """The id of the event that led to this one."""
    id: str = field(default="", kw_only=True)

    @property
    def type(self) -> EventType:
        return self.body.type


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A durable event: its place in the chain and the time the writer gave it (ISO 8601, UTC)."""

    seq: int
    at: str
    event: Event
    hash: bytes = b""

    @property
    def id(self) -> str:
        return self.event.id

    @property
    def type(self) -> EventType:
        return self.event.type

    @property
    def body(self) -> Body:
        return self.event.body
