"""A run for one conflict: a plan with a single task, which the neutral integrator works on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from devassist.domain.errors import DevassistError, LimitReached, ModelError, Unfinished, WaitingForPerson
from devassist.domain.events import Event, Fact, PlanSubmitted, TaskFinished, TaskStarted
from devassist.domain.plan import Plan, PlanTask
from devassist.domain.roles import Role
from devassist.domain.state.run import RunState
from devassist.domain.statuses import Outcome, TaskStatus
from devassist.engine.context import RunContext
from devassist.engine.crews.run_worktrees import RunWorktrees
from devassist.engine.landing.approval import Landing
from devassist.engine.resolution.integrator_step import ResolutionStep
from devassist.engine.resolution.resolution_request import ResolutionRequest, ResolutionResult
from devassist.engine.results import StepResult
from devassist.engine.run.inbox import Inbox
from devassist.engine.run.schedule import Schedule
from devassist.engine.run.steps import Delivered

TASK = "resolve"
"""The id of the one task."""


@dataclass
class ResolutionRun:
    """
    A RunWork, and the steps and the lander of its own plan.

    `accept` gets the integrator's resolution and gives the commit that keeps it, None if it is not accepted.
    """

    context: RunContext
    request: ResolutionRequest
    accept: Callable[[ResolutionResult], str | None]
    model_error: StepResult | None = None
    _commit: str | None = None
    _result: ResolutionResult | None = None
    _worktrees: RunWorktrees = field(init=False)

    def run(self, worktrees: RunWorktrees, inbox: Inbox) -> None:
        """Raises ModelError, LimitReached, Interrupted, WaitingForPerson or Unfinished if there is no resolution."""
        self._worktrees, plan = worktrees, self._plan()
        if self.context.journal.state.plan is None:
            self._record(PlanSubmitted(plan=plan, source="conflict"))
        schedule = Schedule(context=self.context, plan=plan, steps=_Steps(self), lander=self, inbox=inbox)
        schedule.run()
        self.model_error = schedule.model_error
        result = self._result
        if result is not None and result.outcome is Outcome.DELIVERED:
            return
        if result is None or result.outcome is not Outcome.ERROR:
            self.context.check_stop()
        if result is not None:
            raise _failure(result)

    def close(self) -> None:
        return

    def result_commit(self, state: RunState) -> str | None:  # noqa: ARG002  it is on no branch
        return self._commit

    def report(self) -> str:
        return ""

    def step(self, task: PlanTask) -> StepResult:
        """On the task's thread."""
        self._record(TaskStarted(title=task.title, role=task.role), task=TASK)
        step = ResolutionStep(
            context=self.context, task_id=TASK, worktrees=self._worktrees, request=self.request
        )
        self._result = result = step.run()
        return StepResult(
            task=TASK,
            outcome=result.outcome,
            reason=result.reason,
            kind=result.kind,
            hint=result.hint,
            confidence=result.confidence,
            awaits=result.awaits,
        )

    def land(self, task: PlanTask, step: StepResult) -> Landing:  # noqa: ARG002  there is one task
        """On the landing thread: the resolution is kept, or not accepted."""
        assert self._result is not None  # noqa: S101  it was delivered
        try:
            self._commit = self.accept(self._result)
        except DevassistError as error:
            self._record(TaskFinished(status=TaskStatus.FAILED, error=str(error)), task=TASK)
            raise
        reason = "" if self._commit else "the resolution is not accepted"
        landing = Landing(status=TaskStatus.DELIVERED, error=reason)
        self._record(TaskFinished(status=landing.status, error=landing.error), task=TASK)
        return landing

    def _plan(self) -> Plan:
        task = PlanTask(
            id=TASK,
            title=self.context.request.goal,
            role=Role.INTEGRATOR,
            instructions="\n".join(self.request.objections),
            scope=tuple(self.request.paths),
        )
        return Plan(goal=self.context.request.goal, tasks=(task,))

    def _record(self, fact: Fact, *, task: str = "") -> None:
        self.context.journal.record(Event(fact, task=task))


@dataclass(frozen=True, slots=True)
class _Steps:
    """The one step: a resolution goes on from what is recorded of it by itself."""

    resolution: ResolutionRun

    def run(self, task: PlanTask, delivered: Delivered, *, again: bool) -> StepResult:  # noqa: ARG002
        return self.resolution.step(task)


def _failure(result: ResolutionResult) -> DevassistError:
    """The error that the lack of a resolution is for whoever asked for it."""
    match result.outcome:
        case Outcome.ERROR:
            return ModelError(result.reason, kind=result.kind or "server", hint=result.hint)
        case Outcome.LIMITED:
            return LimitReached(result.reason)
        case Outcome.WAITING:
            return WaitingForPerson(f"waits for a person: {result.reason}", hint="devassist inbox")
        case _:
            reason = f"the integrator ended without a resolution: {result.reason}"
            return Unfinished(reason, hint=result.hint or "--take SIDE or --edit")
