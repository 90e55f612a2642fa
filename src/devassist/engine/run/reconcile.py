"""Where a run stands when its supervisor is gone: the log folded, held against the repository, and put in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from devassist.domain.events import Event, EventType, Record
from devassist.domain.handoffs import Handoff
from devassist.domain.ids import agent_id, result_branch
from devassist.domain.plan import Plan, PlanTask
from devassist.domain.statuses import TaskStatus
from devassist.domain.tasks import TaskState
from devassist.engine.context import RunContext
from devassist.engine.crews.run_worktrees import RunWorktrees
from devassist.engine.landing.integrator import Integrator
from devassist.engine.log.attempt_log import Memory
from devassist.engine.results import StepResult

_WORTH_ANOTHER_TRY = frozenset({"error", "broken", "limited", "stopped", "waiting", "diverged", "died"})


@dataclass
class Standing:
    """What an earlier supervisor brought about, in the terms of the schedule."""

    results: dict[str, StepResult] = field(default_factory=dict)
    again: set[str] = field(default_factory=set)
    settled: set[str] = field(default_factory=set)


@dataclass
class Reconciler:
    """Reads what each task came to. Acts only where the log says that an act was begun."""

    context: RunContext
    worktrees: RunWorktrees

    def report_unknown(self) -> None:
        """Say of every model call in flight that nobody knows whether it was paid for. It is sent again."""
        for task in self.context.journal.state.tasks:
            memory = Memory.of(self.context.history(task))
            for record in memory.unanswered.values():
                data = {
                    "what": "model call",
                    "address": f"{task}/{record.data['role']}/{record.data['round']}/{record.data['turn']}",
                    "intended": record.id,
                    "reason": "it was sent and no reply is recorded: it may have been paid for, and is sent again",
                }
                self.context.journal.record(
                    Event(type=EventType.RECOVERY_UNKNOWN, task=task, agent=record.event.agent, data=data)
                )
            for agent in self.context.journal.state.tasks[task].agents:
                self.worktrees.adopt(task, agent, memory.furnished.get(agent_id(task, agent)))

    def standing(self, plan: Plan, integrator: Integrator) -> Standing:
        """How each task of the plan stands. Raises RepositoryChanged where somebody moved the result branch."""
        context = self.context
        found = Standing()
        landed: dict[str, str] = {}
        tip = context.repository.branch_tip(result_branch(context.run)) or ""
        for task in plan.tasks:
            state = context.journal.state.tasks.get(task.id)
            history = context.history(task.id)
            if state is None or not history:
                continue
            found.again.add(task.id)
            merging = _open_intent(history)
            if merging is not None and integrator.recover(task.id, merging):
                data = {"status": "merged", "error": "", "confidence": state.confidence}
                context.journal.record(Event(type=EventType.TASK_FINISHED, task=task.id, data=data))
            result = _result(task, state, history)
            if result is None:
                continue
            found.results[task.id] = result
            if result.outcome == "delivered" and _is_settled(state):
                found.settled.add(task.id)
                if state.status is TaskStatus.MERGED or not state.error:
                    landed[task.id] = result.commit
                if integrator.mender is not None:
                    integrator.mender.account(task, context.history(task.id))
        integrator.restore(tip, landed)
        return found


def _open_intent(history: Sequence[Record]) -> Record | None:
    """A merge that was intended, and of which nothing more is recorded."""
    last: Record | None = None
    for record in history:
        if record.type is EventType.MERGE_INTENDED:
            last = record
        elif record.type in (EventType.MERGE_COMPLETED, EventType.TASK_RETRIED):
            last = None
    return last


def _result(task: PlanTask, state: TaskState, history: Sequence[Record]) -> StepResult | None:
    """What the task's work came to; None when it is to be done, or gone on with."""
    if state.commit:
        delivered = next(one for one in reversed(history) if one.type is EventType.TASK_DELIVERED)
        started = next(one for one in history if one.type is EventType.TASK_STARTED)
        own = agent_id(task.id, task.role)
        said = [one for one in history if one.type is EventType.HANDOFF_SUBMITTED and one.event.agent == own]
        outcome = "failed" if state.status is TaskStatus.FAILED else "delivered"
        return StepResult(
            task=task.id,
            outcome=outcome,
            reason=state.error or "",
            start=delivered.data.get("start") or started.data.get("start", ""),
            built_on=tuple(delivered.data.get("built_on", ())),
            commit=state.commit,
            confidence=float(delivered.data.get("confidence") or 0.0),
            attempt=state.first_round,
            handoff=Handoff.from_json(said[-1].data) if said else None,
        )
    if state.status is TaskStatus.FAILED and state.outcome not in _WORTH_ANOTHER_TRY:
        return StepResult(task=task.id, outcome="failed", reason=state.error or "", attempt=state.first_round)
    return None


def _is_settled(state: TaskState) -> bool:
    """Whether its landing is decided: merged, nothing to merge, or turned down for good."""
    if state.status is TaskStatus.MERGED:
        return True
    return state.status is TaskStatus.DELIVERED and bool(state.finished_at) and state.outcome != "unlanded"
