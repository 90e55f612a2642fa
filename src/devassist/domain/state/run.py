"""What a run looks like now: a fold over its records. Every view and every resume reads this."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from devassist.domain.conflicts import ConflictStatus
from devassist.domain.events import (
    ApprovalDecided,
    ApprovalRequested,
    ConflictFound,
    ConflictResolved,
    MergeCompleted,
    ModelCalled,
    NoteDelivered,
    NotePosted,
    PlanSubmitted,
    Record,
    RunApplied,
    RunDiscarded,
    RunFinished,
    RunResumed,
    RunStarted,
    RunUndone,
    SnapshotTaken,
    Usage,
    WarningRaised,
)
from devassist.domain.ids import PLANNING, result_branch, role_of
from devassist.domain.plan import Plan
from devassist.domain.settings import Limits
from devassist.domain.state.approvals import ApprovalState, ApprovalStatus
from devassist.domain.state.sessions import Session
from devassist.domain.state.tasks import AGENT_FACTS, AgentState, TaskState
from devassist.domain.statuses import CallStatus, RunStatus, SandboxTier, TaskStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note of the run: its event's id, time and address, and what it says."""

    id: str
    at: str
    agent: str
    task: str
    posted: NotePosted


@dataclass(slots=True)
class RunState:
    """The fold. `apply` takes records in order; stopping and going on anywhere ends in the same state."""

    run: str = ""
    status: RunStatus = RunStatus.RUNNING
    exit_code: int = 0
    goal: str = ""
    base: str = ""
    started: RunStarted = field(default_factory=RunStarted)
    """What was recorded at the start: settings, models, versions, directories."""
    started_at: str = ""
    finished_at: str = ""
    result_commit: str | None = None
    plan: Plan | None = None
    plan_source: str = ""
    plan_confidence: float | None = None
    tasks: dict[str, TaskState] = field(default_factory=dict)
    conflicts: dict[str, ConflictFound] = field(default_factory=dict)
    """Conflict id -> the conflict with its latest status; one that is gone is left out."""
    approvals: dict[str, ApprovalState] = field(default_factory=dict)
    """Every request to a person, open and decided."""
    warnings: list[str] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    wall_s: float = 0.0
    report: str = ""
    error: str = ""
    hint: str = ""
    """What to do about `error`."""
    last_seq: int = 0
    sessions: list[Session] = field(default_factory=list)
    """One per supervisor that owned the run, the present one last."""
    limits: Limits = field(default_factory=Limits)
    """The limits in force: those of the newest supervisor."""
    notes: list[Note] = field(default_factory=list)
    delivered: set[str] = field(default_factory=set)
    """Ids of the notes that an agent has read."""
    sandbox: SandboxTier = SandboxTier.ABSENT
    discarded: bool = False
    undone: bool = False
    rescued: dict[str, str] = field(default_factory=dict)
    """Agent -> the ref that holds its uncommitted work."""

    @classmethod
    def fold(cls, records: Iterable[Record]) -> RunState:
        state = cls()
        for record in records:
            state.apply(record)
        return state

    def apply(self, record: Record) -> None:
        """Take in the next record."""
        self.last_seq = record.seq
        if self.sessions and not self.sessions[-1].ended_at:
            self.sessions[-1].seen(record.at)
        self._of_run(record)
        self._of_what_is_left(record)
        self._of_people(record)
        if task := self.task(record):
            task.apply(record)
            if record.event.agent and isinstance(record.body, AGENT_FACTS):
                role = role_of(record.event.agent)
                task.agents.setdefault(role, AgentState(role=role)).apply(record)

    @property
    def waiting(self) -> list[ApprovalState]:
        """The requests that nobody has answered yet, oldest first."""
        return [request for request in self.approvals.values() if request.status is ApprovalStatus.OPEN]

    def task(self, record: Record) -> TaskState | None:
        """The task that a record is about; planning is a task of its own."""
        name = record.event.task
        if name == PLANNING and name not in self.tasks:
            self.tasks[name] = TaskState(id=name, title="plan the goal", role="orchestrator")
        return self.tasks.get(name)

    def work(self) -> list[TaskState]:
        """The plan's tasks, without the planning itself."""
        return [task for task in self.tasks.values() if task.id != PLANNING]

    def _of_run(self, record: Record) -> None:
        """What happened to the run, its plan and its result."""
        match record.body:
            case RunStarted() as started:
                self._start(record, started)
            case RunResumed() as resumed:
                self.status, self.exit_code = RunStatus.RUNNING, 0
                self.finished_at = self.error = self.hint = ""
                self.sessions.append(Session.of(record.at, resumed))
                self.limits = resumed.settings.limits
            case RunFinished() as finished:
                self._finish(record, finished)
            case PlanSubmitted() as submitted:
                self._take_plan(submitted)
            case ModelCalled() as call:
                self._count(call)
            case MergeCompleted() as merge:
                self._land(record, merge)
            case _:
                return

    def _of_what_is_left(self, record: Record) -> None:
        """What is kept, warned about, and done with the result."""
        match record.body:
            case SnapshotTaken(ref=ref):
                self.rescued[record.event.agent] = ref
            case WarningRaised(text=text):
                self.warnings.append(text)
            case RunDiscarded():
                self.discarded = True
            case RunApplied():
                self.undone = False
            case RunUndone():
                self.undone = True
            case _:
                return

    def _of_people(self, record: Record) -> None:
        """What people are asked and told: conflicts, requests and notes."""
        match record.body:
            case ConflictFound() as found:
                self.conflicts[found.conflict] = found
            case ConflictResolved() as resolved:
                earlier = self.conflicts.pop(resolved.conflict, None)
                if earlier is not None and resolved.status is not ConflictStatus.GONE:
                    self.conflicts[resolved.conflict] = replace(earlier, status=resolved.status)
            case ApprovalRequested() as request:
                self.approvals[request.approval] = ApprovalState.of(record, request)
                task = self.task(record)
                if task is not None and task.status in (TaskStatus.RUNNING, TaskStatus.DELIVERED):
                    task.status = TaskStatus.WAITING
            case ApprovalDecided() as decision:
                self._decide(decision)
            case NotePosted() as posted:
                event = record.event
                note = Note(id=record.id, at=record.at, agent=event.agent, task=event.task, posted=posted)
                self.notes.append(note)
            case NoteDelivered(notes=notes):
                self.delivered.update(notes)
            case _:
                return

    def _start(self, record: Record, started: RunStarted) -> None:
        self.run, self.started, self.started_at = record.event.run, started, record.at
        self.goal, self.base, self.sandbox = started.goal, started.base, started.sandbox
        self.sessions = [Session.of(record.at, started)]
        self.limits = started.settings.limits

    def _finish(self, record: Record, finished: RunFinished) -> None:
        self.status, self.exit_code = finished.status, finished.exit_code
        self.result_commit, self.wall_s = finished.result_commit, finished.wall_s
        self.report, self.error, self.hint = finished.report, finished.error, finished.hint
        self.finished_at = record.at
        if self.sessions:
            self.sessions[-1].ended_at = record.at

    def _take_plan(self, submitted: PlanSubmitted) -> None:
        self.plan, self.plan_source = submitted.plan, submitted.source
        self.plan_confidence = submitted.confidence
        self.goal = self.goal or submitted.plan.goal
        earlier = self.tasks  # a plan that a person edited replaces the one before
        self.tasks = {PLANNING: earlier[PLANNING]} if PLANNING in earlier else {}
        for planned in submitted.plan.tasks:
            task = earlier.get(planned.id) or TaskState(id=planned.id, title="", role="")
            task.title, task.role = planned.title, str(planned.role)
            self.tasks[planned.id] = task

    def _count(self, call: ModelCalled) -> None:
        used, unpriced = self.usage, call.usd is None and call.status is CallStatus.OK
        self.usage = Usage(
            model_calls=used.model_calls + 1,
            input_tokens=used.input_tokens + call.input_tokens,
            output_tokens=used.output_tokens + call.output_tokens,
            usd=used.usd + (call.usd or 0.0),
            unpriced_calls=used.unpriced_calls + unpriced,
            cached_input_tokens=used.cached_input_tokens + call.cached_input_tokens,
            estimated_calls=used.estimated_calls + call.estimated,
        )

    def _land(self, record: Record, merge: MergeCompleted) -> None:
        if merge.ref != f"refs/heads/{result_branch(self.run)}":
            self.undone = False
            return  # merged into a branch of the person's: the run itself is as it was
        self.result_commit = merge.commit
        if task := self.task(record):
            task.status = TaskStatus.MERGED

    def _decide(self, decision: ApprovalDecided) -> None:
        request = self.approvals.get(decision.approval)
        if request is None:
            return
        request.decide(decision)
        task = self.tasks.get(request.task)
        if task is not None and task.id == PLANNING and task.status is TaskStatus.WAITING:
            task.status = TaskStatus.DELIVERED
