"""What a reviewer wants to know of a run: a fold over its records, beside the run's state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from devassist.domain.events import (
    AgentFinished,
    AgentStarted,
    ApprovalDecided,
    ApprovalRequested,
    BranchPushed,
    ClaimChecked,
    CommandRan,
    CommitCreated,
    ConflictResolved,
    DecisionMade,
    HandoffSubmitted,
    MergeCompleted,
    ModelCalled,
    PrOpened,
    Record,
    RunApplied,
    RunDiscarded,
    RunFinished,
    RunStarted,
    TaskFinished,
)
from devassist.domain.ids import result_branch, role_of
from devassist.domain.state.run import RunState
from devassist.domain.statuses import CallStatus, Purpose
from devassist.reports.parts import (
    AgentCommit,
    CheckRan,
    ConflictEnding,
    Cost,
    Decision,
    Evidence,
    Span,
    Taken,
    Tick,
    Wait,
)

_TAIL = 4000
"""Characters of a check's output that are kept, from its end."""


@dataclass(slots=True)
class Story:
    """The fold. `endings` are of conflicts, some of whose records belong to no run."""

    state: RunState = field(default_factory=RunState)
    branch: str = ""
    models: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tasks: dict[str, Evidence] = field(default_factory=dict)
    merges: dict[str, MergeCompleted] = field(default_factory=dict)
    """Task -> its landing, in the order of landing."""
    spans: list[Span] = field(default_factory=list)
    ticks: list[Tick] = field(default_factory=list)
    waits: dict[str, Wait] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)
    costs: dict[tuple[str, str, str], Cost] = field(default_factory=dict)
    """(task, role, model) -> cost."""
    fails_on_base: set[str] = field(default_factory=set)
    endings: dict[str, ConflictEnding] = field(default_factory=dict)
    taken: list[Taken] = field(default_factory=list)
    first_at: str = ""
    last_at: str = ""

    @classmethod
    def of(cls, records: Iterable[Record]) -> Story:
        story = cls()
        for record in records:
            story.apply(record)
        return story

    def apply(self, record: Record) -> None:
        """Take in the next record."""
        self.state.apply(record)
        if not self.state.finished_at or isinstance(record.body, RunFinished):
            self.first_at = self.first_at or record.at
            self.last_at = record.at
        self._of_agents(record)
        self._of_tasks(record)
        self._of_people(record)

    def evidence(self, task: str) -> Evidence:
        return self.tasks.setdefault(task, Evidence())

    def totals(self, place: int) -> dict[str, Cost]:
        """Costs added up by task (0), role (1) or model (2)."""
        totals: dict[str, Cost] = {}
        for key, cost in self.costs.items():
            totals.setdefault(key[place], Cost()).add(cost)
        return totals

    def _of_agents(self, record: Record) -> None:
        event = record.event
        match record.body:
            case RunStarted() as started:
                self.branch, self.models = started.branch, started.models
            case AgentStarted() as started:
                self._close(record, status="left")
                span = Span(
                    agent=event.agent,
                    task=event.task,
                    role=started.role,
                    round=started.round,
                    start=record.at,
                    model=started.model,
                )
                self.spans.append(span)
            case AgentFinished(status=status):
                self._close(record, status=str(status))
            case ModelCalled() as call:
                self._count(record, call)
            case CommandRan() as ran:
                self._run(record, ran)
            case _:
                return

    def _of_tasks(self, record: Record) -> None:
        event = record.event
        match record.body:
            case TaskFinished():
                for span in self.spans:
                    if span.task == event.task and not span.end:
                        span.end, span.status = record.at, "cut off"
            case HandoffSubmitted(summary=summary):
                evidence = self.evidence(event.task)
                evidence.summaries[event.agent] = summary
                evidence.claims[event.agent] = []
            case ClaimChecked() as checked:
                self.evidence(event.task).claims.setdefault(event.agent, []).append(checked)
            case CommitCreated() as created:
                self.evidence(event.task).commits.append(AgentCommit(event.agent, created))
            case MergeCompleted() as merge:
                if merge.ref == f"refs/heads/{result_branch(self.state.run)}":
                    self.merges[event.task] = merge
                else:
                    self.taken.append(Taken(record.at, merge))
            case RunApplied() | RunDiscarded() | BranchPushed() | PrOpened() as act:
                self.taken.append(Taken(record.at, act))
            case _:
                return

    def _of_people(self, record: Record) -> None:
        event = record.event
        match record.body:
            case DecisionMade() as made:
                self.decisions.append(Decision(record.at, event.task, made))
            case ApprovalRequested() as request:
                self.waits[request.approval] = Wait(
                    id=request.approval,
                    task=event.task,
                    agent=event.agent,
                    kind=request.kind,
                    question=request.question,
                    start=record.at,
                )
            case ApprovalDecided() as decision:
                if wait := self.waits.get(decision.approval):
                    wait.end, wait.choice, wait.who = record.at, decision.choice, decision.who
            case ConflictResolved() as resolved:
                self.endings[resolved.conflict] = ConflictEnding(
                    status=str(resolved.status), who=resolved.who, reason=resolved.reason
                )
            case _:
                return

    def _close(self, record: Record, *, status: str) -> None:
        for span in self.spans:
            if span.agent == record.event.agent and not span.end:
                span.end, span.status = record.at, status

    def _count(self, record: Record, call: ModelCalled) -> None:
        answered = call.status is CallStatus.OK
        model = call.answered_by or call.model
        cost = Cost(
            calls=1,
            input_tokens=call.input_tokens,
            cached_input_tokens=call.cached_input_tokens,
            output_tokens=call.output_tokens,
            seconds=call.latency_ms / 1000,
            usd=call.usd or 0.0,
            unpriced=1 if call.usd is None and answered else 0,
        )
        key = (record.event.task, role_of(record.event.agent), model)
        self.costs.setdefault(key, Cost()).add(cost)
        text = model if answered else f"{model}: {call.error or ''}"
        self._tick(record, "model", ok=answered, text=text, seconds=call.latency_ms / 1000)

    def _run(self, record: Record, ran: CommandRan) -> None:
        text = f"{ran.command} → {ran.exit_code}"
        self._tick(record, "command", ok=ran.exit_code == 0, text=text, seconds=ran.seconds)
        if ran.purpose is Purpose.BASE and ran.exit_code != 0:
            self.fails_on_base.add(ran.command)
        if ran.purpose is Purpose.GATE:
            self.evidence(record.event.task).checks[ran.command] = CheckRan(
                command=ran.command,
                exit_code=ran.exit_code,
                seconds=ran.seconds,
                tail=ran.output[-_TAIL:],
                timed_out=ran.timed_out,
            )

    def _tick(self, record: Record, kind: str, *, ok: bool, text: str, seconds: float) -> None:
        event = record.event
        self.ticks.append(
            Tick(
                agent=event.agent, task=event.task, at=record.at, kind=kind, ok=ok, text=text, seconds=seconds
            )
        )
