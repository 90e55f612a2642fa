"""A run whose whole goal is one conflict: recorded from start to end as any run is, with one task and one agent."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from devassist.domain.errors import DevassistError, LimitReached, ModelError, Unfinished, WaitingForPerson
from devassist.domain.events import (
    Event,
    Fact,
    PlanSubmitted,
    RunFinished,
    RunResumed,
    RunStarted,
    TaskFinished,
    TaskStarted,
    WarningRaised,
)
from devassist.domain.ids import base_ref
from devassist.domain.plan import Plan, PlanTask
from devassist.domain.roles import Role
from devassist.domain.statuses import RunStatus, TaskStatus
from devassist.engine.context import RunContext, settings_digest
from devassist.engine.crews.run_worktrees import RunWorktrees
from devassist.engine.resolution.integrator_step import ResolutionStep
from devassist.engine.resolution.resolution_request import Matter, ResolutionResult
from devassist.engine.run.reconcile import Reconciler
from devassist.engine.stop import sweep

TASK = "resolve"
"""The id of the one task."""
_KILLED_AFTER_S = 3.0
_STATUS = {1: RunStatus.FAILED, 3: RunStatus.WAITING, 4: RunStatus.LIMITED, 130: RunStatus.STOPPED}


@dataclass
class ResolutionRun:
    """Serves the integrator within the run's limits, and hands its result to `accept`."""

    context: RunContext
    matter: Matter

    def execute(self, accept: Callable[[ResolutionResult], dict[str, Any]]) -> dict[str, Any]:
        """
        What `accept` answers: a document with `status` and, when it was kept, `commit`.

        Raises ModelError, LimitReached, Interrupted, WaitingForPerson or Unfinished when there is no result.
        """
        context = self.context
        if context.request.resumed:
            self._resume()
        else:
            self._start()
        clock = self._arm_clock()
        context.stop.on_stop.append(self._kill_soon)
        error: DevassistError | None = None
        document: dict[str, Any] = {}
        try:
            with context.repository.hold_gc(context.pid):
                result = self._serve()
                document = accept(result)
        except DevassistError as caught:
            error = caught
            raise
        finally:
            clock.cancel()
            context.executor.close()
            sweep(context.run)
            self._finish(document, error)
        return document

    def _serve(self) -> ResolutionResult:
        worktrees = RunWorktrees(context=self.context)
        step = ResolutionStep(context=self.context, task_id=TASK, worktrees=worktrees, matter=self.matter)
        result = step.run()
        if result.outcome == "delivered":
            return result
        self.context.check_stop()
        reason = f"the integrator ended without a resolution: {result.reason}"
        if result.outcome == "error":
            raise ModelError(result.reason, kind=result.kind or "server", hint=result.hint)
        if result.outcome == "limited":
            raise LimitReached(result.reason)
        if result.outcome == "waiting":
            raise WaitingForPerson(f"waits for a person: {result.reason}", hint="devassist inbox")
        raise Unfinished(reason, hint=result.hint or "--take SIDE or --edit")

    def _start(self) -> None:
        context, request = self.context, self.context.request
        context.repository.create_ref(base_ref(context.run), request.base)
        title = request.goal
        task = PlanTask(
            id=TASK,
            title=title,
            role=Role.INTEGRATOR,
            instructions="\n".join(self.matter.objections),
            scope=tuple(self.matter.paths),
        )
        owner = request.owner
        started = RunStarted(
            goal=request.goal,
            base=request.base,
            branch=context.repository.head_branch or "",
            prefix=request.prefix,
            settings=request.settings,
            settings_digest=settings_digest(request.settings),
            models={role: tuple(models) for role, models in request.models.items()},
            model_source=request.model_source,
            sandbox=context.tier,
            repository=str(context.repository.root),
            worktrees=str(context.worktrees),
            script=request.script,
            replay=request.replay,
            api_base=request.api_base,
            resolution=request.resolution,
            argv=owner.argv,
            versions=owner.versions,
            pid=owner.pid,
            process_started=owner.process_started,
            boot_id=owner.boot_id,
            detached=owner.detached,
        )
        self._record(started)
        for text in request.warnings:
            self._record(WarningRaised(text=text))
        self._record(PlanSubmitted(plan=Plan(goal=request.goal, tasks=(task,)), source="conflict"))
        self._record(TaskStarted(title=title, role=str(Role.INTEGRATOR)), task=TASK)

    def _resume(self) -> None:
        """Own a run that another process began, and of which nothing is alive any more."""
        context, request = self.context, self.context.request
        owner = request.owner
        resumed = RunResumed(
            settings=request.settings,
            settings_digest=settings_digest(request.settings),
            models={role: tuple(models) for role, models in request.models.items()},
            sandbox=context.tier,
            spent_s=round(request.spent_s, 3),
            argv=owner.argv,
            versions=owner.versions,
            pid=owner.pid,
            process_started=owner.process_started,
            boot_id=owner.boot_id,
            detached=owner.detached,
        )
        self._record(resumed)
        if request.cleared is not None:
            self._record(request.cleared)
        Reconciler(context=context, worktrees=RunWorktrees(context=context)).report_unknown()

    def _finish(self, document: dict[str, Any], error: DevassistError | None) -> None:
        context = self.context
        kept = document.get("status") == "resolved"
        stop = context.stop
        if stop.pulled:
            status, code = _STATUS.get(stop.exit_code, RunStatus.FAILED), stop.exit_code
        elif error is not None:
            status, code = _STATUS.get(error.exit_code, RunStatus.FAILED), error.exit_code
        else:
            status, code = (RunStatus.SUCCEEDED, 0) if kept else (RunStatus.PARTIAL, 1)
        why = str(error) if error is not None else stop.reason
        ended = TaskStatus.DELIVERED if document else TaskStatus.FAILED
        self._record(TaskFinished(status=ended, error=why), task=TASK)
        state = context.journal.state
        finished = RunFinished(
            status=status,
            exit_code=code,
            result_commit=document.get("commit"),
            usage=state.usage,
            wall_s=round(context.elapsed_s(), 3),
            journal_s=round(context.journal.waited_s, 3),
            error=why,
            hint=error.hint if error is not None else stop.hint,
        )
        self._record(finished)

    def _arm_clock(self) -> threading.Timer:
        minutes = self.context.settings.limits.max_minutes

        def over() -> None:
            reason = f"the run has taken its {minutes:g} minutes"
            self.context.stop.pull("limited", reason, exit_code=LimitReached.exit_code)

        timer = threading.Timer(minutes * 60 if minutes else threading.TIMEOUT_MAX, over)
        timer.daemon = True
        timer.start()
        return timer

    def _kill_soon(self) -> None:
        """A moment to finish the current call, then the end of whatever is still at work."""
        timer = threading.Timer(0 if self.context.stop.now else _KILLED_AFTER_S, self._kill)
        timer.daemon = True
        timer.start()

    def _kill(self) -> None:
        self.context.executor.kill_all()
        if self.context.sandbox is not None:
            self.context.sandbox.cancel_all()

    def _record(self, fact: Fact, *, task: str = "") -> None:
        self.context.journal.record(Event(fact, task=task))
