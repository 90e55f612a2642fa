"""What a run came to under an earlier supervisor: its log folded, compared with the repository, and put in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from devassist.domain.events import (
    Event,
    Fact,
    HandoffSubmitted,
    MergeCompleted,
    MergeIntended,
    ModelIntended,
    Record,
    RecoveryUnknown,
    TaskDelivered,
    TaskFinished,
    TaskRetried,
    TaskStarted,
)
from devassist.domain.handoffs import Handoff
from devassist.domain.ids import agent_id, result_branch
from devassist.domain.plan import Plan, PlanTask
from devassist.domain.state.tasks import TaskState
from devassist.domain.statuses import Outcome, TaskStatus
from devassist.engine.context import RunContext
from devassist.engine.crews.run_worktrees import RunWorktrees
from devassist.engine.landing.integrator import Integrator
from devassist.engine.log.attempt_log import AttemptLog
from devassist.engine.results import StepResult

_WORTH_ANOTHER_TRY = frozenset(
    {
        Outcome.ERROR,
        Outcome.BROKEN,
        Outcome.LIMITED,
        Outcome.STOPPED,
        Outcome.WAITING,
        Outcome.DIVERGED,
        Outcome.DIED,
    }
)


@dataclass
class Progress:
    """What an earlier supervisor brought about, in the terms of the schedule."""

    results: dict[str, StepResult] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)
    """Tasks whose log holds earlier work."""
    settled: set[str] = field(default_factory=set)
    """Delivered tasks whose landing is decided."""


@dataclass
class Reconciler:
    """Reads what each task came to. Acts only where the log says that an act was begun."""

    context: RunContext
    worktrees: RunWorktrees

    def report_unknown(self) -> None:
        """Record of every model call in flight that nobody knows whether it was paid for. It is sent again."""
        for task, state in self.context.journal.state.tasks.items():
            attempt = AttemptLog.of(self.context.history(task))
            for record in attempt.unanswered.values():
                if isinstance(record.body, ModelIntended):
                    self._record(_unknown(record, record.body), task, agent=record.event.agent)
            for role in state.agents:
                self.worktrees.adopt(task, role, attempt.furnished.get(agent_id(task, role)))

    def progress(self, plan: Plan, integrator: Integrator) -> Progress:
        """How far each task of the plan came. Raises RepositoryChanged if somebody moved the result branch."""
        context, progress = self.context, Progress()
        landed: dict[str, str] = {}
        tip = context.repository.branch_tip(result_branch(context.run)) or ""
        for task in plan.tasks:
            state = context.journal.state.tasks.get(task.id)
            history = context.history(task.id)
            if state is None or not history:
                continue
            progress.begun.add(task.id)
            merging = _open_intent(history)
            if merging is not None and integrator.recover(task.id, merging):
                finished = TaskFinished(status=TaskStatus.MERGED, confidence=state.confidence)
                self._record(finished, task.id)
            result = _result(task, state, history)
            if result is None:
                continue
            progress.results[task.id] = result
            if result.outcome is Outcome.DELIVERED and _is_settled(state):
                progress.settled.add(task.id)
                if state.status is TaskStatus.MERGED or not state.error:
                    landed[task.id] = result.commit
                if integrator.resolutions is not None:
                    integrator.resolutions.account(task, context.history(task.id))
        integrator.restore(tip, landed)
        return progress

    def _record(self, fact: Fact, task: str, *, agent: str = "") -> None:
        self.context.journal.record(Event(fact, task=task, agent=agent))


def _unknown(record: Record, call: ModelIntended) -> RecoveryUnknown:
    return RecoveryUnknown(
        what="model call",
        address=f"{record.event.task}/{call.role}/{call.round}/{call.turn}",
        intended=record.id,
        reason="it was sent and no reply is recorded: it may have been paid for, and is sent again",
    )


def _open_intent(history: Sequence[Record]) -> MergeIntended | None:
    """A merge that was intended, and of which nothing more is recorded."""
    last: MergeIntended | None = None
    for record in history:
        if isinstance(record.body, MergeIntended):
            last = record.body
        elif isinstance(record.body, MergeCompleted | TaskRetried):
            last = None
    return last


def _result(task: PlanTask, state: TaskState, history: Sequence[Record]) -> StepResult | None:
    """What the task's work came to; None if it is to be done, or to go on."""
    if state.commit:
        return _delivered(task, state, history)
    if state.status is TaskStatus.FAILED and Outcome(state.outcome) not in _WORTH_ANOTHER_TRY:
        return StepResult(
            task=task.id, outcome=Outcome.FAILED, reason=state.error or "", attempt=state.first_round
        )
    return None


def _delivered(task: PlanTask, state: TaskState, history: Sequence[Record]) -> StepResult:
    bodies = [record.body for record in history]
    own = agent_id(task.id, task.role)
    delivered = next(body for body in reversed(bodies) if isinstance(body, TaskDelivered))
    started = next((body for body in bodies if isinstance(body, TaskStarted)), TaskStarted())
    handoffs = [
        record.body
        for record in history
        if isinstance(record.body, HandoffSubmitted) and record.event.agent == own
    ]
    return StepResult(
        task=task.id,
        outcome=Outcome.FAILED if state.status is TaskStatus.FAILED else Outcome.DELIVERED,
        reason=state.error or "",
        start=delivered.start or started.start,
        built_on=delivered.built_on,
        commit=state.commit,
        confidence=delivered.confidence or 0.0,
        attempt=state.first_round,
        handoff=_handoff(handoffs[-1]) if handoffs else None,
    )


def _handoff(event: HandoffSubmitted) -> Handoff:
    return Handoff(
        kind=event.kind,
        summary=event.summary,
        confidence=event.confidence,
        intent=event.intent,
        urgency=event.urgency,
        context=event.context,
        artifacts=event.artifacts,
        claims=event.claims,
        open_questions=event.open_questions,
        findings=event.findings,
        verdict=event.verdict,
    )


def _is_settled(state: TaskState) -> bool:
    """Whether its landing is decided: merged, nothing to merge, or turned down for good."""
    if state.status is TaskStatus.MERGED:
        return True
    return (
        state.status is TaskStatus.DELIVERED
        and bool(state.finished_at)
        and Outcome(state.outcome) is not Outcome.UNLANDED
    )
