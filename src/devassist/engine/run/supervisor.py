"""Owns a run from its first event to its last: its listener, its clock, its end, and the truth about how it ended."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Protocol

from devassist.domain.errors import AuditError, DevassistError, LimitReached, ModelError, WaitingForPerson
from devassist.domain.events import (
    DecisionMade,
    Event,
    RunFinished,
    RunResumed,
    RunStarted,
    WarningRaised,
)
from devassist.domain.failpoints import reach
from devassist.domain.ids import PLANNING, base_ref
from devassist.domain.state.run import RunState
from devassist.domain.statuses import Outcome, RunStatus, TaskStatus
from devassist.engine.approval_requests import Parked
from devassist.engine.context import RunContext, settings_digest
from devassist.engine.crews.run_worktrees import RunWorktrees
from devassist.engine.results import StepResult
from devassist.engine.run.inbox import Inbox
from devassist.engine.run.log_listener import LogListener
from devassist.engine.run.reconcile import Reconciler
from devassist.engine.stop import sweep

_GRACE_S = 3.0
_MOMENT_S = 0.5
_LAST_CALL_S = 10.0
_POLL_S = 0.1
_EXIT_OF = {
    RunStatus.SUCCEEDED: 0,
    RunStatus.PARTIAL: 1,
    RunStatus.FAILED: 1,
    RunStatus.WAITING: 3,
    RunStatus.LIMITED: 4,
}
_STATUS_OF_STOP = {Outcome.STOPPED: RunStatus.STOPPED, Outcome.LIMITED: RunStatus.LIMITED}
_STATUS_OF_EXIT = {3: RunStatus.WAITING, 4: RunStatus.LIMITED, 130: RunStatus.STOPPED}


class RunWork(Protocol):
    """What a run does between its first and its last event, on the coordinator's thread."""

    @property
    def model_error(self) -> StepResult | None:
        """The first task that a model or provider ended, after all retries."""

    def run(self, worktrees: RunWorktrees, inbox: Inbox) -> None:
        """To the end. Raises DevassistError if not all of it could be done."""

    def close(self) -> None:
        """Give back what it holds, when nothing of the run is alive any more."""

    def result_commit(self, state: RunState) -> str | None:
        """The commit that the run made of its work, if it made one."""

    def report(self) -> str:
        """The path of the report; empty if there is none."""


@dataclass
class Supervisor:
    """Runs one run to its end. `execute` returns when nothing of it is alive any more."""

    context: RunContext
    work: RunWork
    error: DevassistError | None = field(default=None, init=False)
    """Why not all of the work could be done, once it has ended."""

    def execute(self) -> RunState:
        """Start to finish. The state's exit code is contract 1's; AuditError comes through."""
        context, inbox = self.context, Inbox()
        worktrees = RunWorktrees(context=context)
        context.stop.on_stop.append(self._on_stop)
        if context.request.resumed:
            self._resume(worktrees)
        else:
            self._start()
        context.executor.launch()
        clock = self._arm_clock()
        try:
            with context.repository.hold_gc(context.pid), LogListener(context=context, inbox=inbox):
                self.work.run(worktrees, inbox)
        except Parked as parked:
            self.error = WaitingForPerson(f"waits for a person: {parked}")
        except DevassistError as caught:
            self.error = caught
        finally:
            clock.cancel()
            context.executor.close()
            sweep(context.run)
        self._end_if_state_is_unknown()
        self.work.close()
        worktrees.rescue()
        return self._finish(worktrees)

    def _end_if_state_is_unknown(self) -> None:
        """A run whose records cannot be folded ends here: nothing is given back, because nobody knows what is done."""
        try:
            self.context.journal.check()
        except AuditError as error:
            failed, code = RunStatus.FAILED, error.exit_code
            finished = RunFinished(status=failed, exit_code=code, error=str(error), hint=error.hint)
            self.context.journal.record_last(Event(finished))
            raise

    def _start(self) -> None:
        request, context, owner = self.context.request, self.context, self.context.request.owner
        context.repository.create_ref(base_ref(context.run), request.base)
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
            plan_only=request.plan_only,
            crew=request.crew,
            script=request.script,
            replay=request.replay,
            api_base=request.api_base,
            # With the first event, so that a crash right after it does not lose what was requested.
            plan=request.plan,
            resolution=request.resolution,
            argv=owner.argv,
            versions=owner.versions,
            pid=owner.pid,
            process_started=owner.process_started,
            boot_id=owner.boot_id,
            detached=owner.detached,
        )
        context.journal.record(Event(started))
        reach("run.start")
        for text in request.warnings:
            context.journal.record(Event(WarningRaised(text=text)))

    def _resume(self, worktrees: RunWorktrees) -> None:
        """Own a run that another process began, and of which nothing is alive any more."""
        request, context, owner = self.context.request, self.context, self.context.request.owner
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
        context.journal.record(Event(resumed))
        if request.cleared is not None:
            context.journal.record(Event(request.cleared))
        Reconciler(context=context, worktrees=worktrees).report_unknown()

    def _arm_clock(self) -> threading.Timer:
        """Wall time, that of earlier supervisors included, ends even what never asks for a next call."""
        minutes = self.context.settings.limits.max_minutes
        left = max(0.0, minutes * 60 - self.context.request.spent_s)
        timer = threading.Timer(left if minutes else threading.TIMEOUT_MAX, self._end_of_time)
        timer.daemon = True
        timer.start()
        return timer

    def _end_of_time(self) -> None:
        reason = f"the run has taken its {self.context.settings.limits.max_minutes:g} minutes"
        decision = DecisionMade(
            who="policy",
            question="go on after the time is over?",
            options=("go on", "refuse"),
            choice="refuse",
            reason=reason,
            confidence=1.0,
            limit="max_minutes",
        )
        try:
            self.context.journal.record(Event(decision))
        finally:  # a log that cannot be written must not leave the run without an end
            self.context.stop.pull(Outcome.LIMITED, reason, exit_code=LimitReached.exit_code)
            kill = threading.Timer(_GRACE_S, self._kill)
            kill.daemon = True
            kill.start()

    def _on_stop(self) -> None:
        """A person's stop lets a model call that is paid for come in; a limit leaves as long as it takes."""
        stop = self.context.stop
        if stop.now:
            self._kill()
        elif stop.outcome is Outcome.STOPPED:
            threading.Thread(target=self._wind_down, name="wind-down", daemon=True).start()

    def _wind_down(self) -> None:
        """Kill what only computes after a moment, and what waits for a model when its reply is in."""
        try:
            time.sleep(_MOMENT_S)
            calling = self.context.calling
            self.context.executor.kill_all(spare=calling)
            if self.context.sandbox is not None:
                self.context.sandbox.cancel_all()
            end = self.context.clock() + _LAST_CALL_S
            while calling and self.context.clock() < end:
                time.sleep(_POLL_S)
            time.sleep(_POLL_S)
        finally:
            self._kill()

    def _kill(self) -> None:
        self.context.executor.kill_all()
        if self.context.sandbox is not None:
            self.context.sandbox.cancel_all()

    def _finish(self, worktrees: RunWorktrees) -> RunState:
        context = self.context
        state = context.journal.state
        done = [task.id for task in state.work() if _is_done(task.status, task.error)]
        planned = [PLANNING] if state.plan is not None else []  # without a plan the crew goes on there
        worktrees.give_back([*done, *planned])
        status, code = self._verdict(state)
        error, hint = self._reason(state, status)
        finished = RunFinished(
            status=status,
            exit_code=code,
            result_commit=self.work.result_commit(state),
            usage=state.usage,
            wall_s=round(context.elapsed_s(), 3),
            journal_s=round(context.journal.waited_s, 3),
            report=self.work.report(),
            error=error,
            hint=hint,
        )
        context.journal.record(Event(finished))
        return state

    def _reason(self, state: RunState, status: RunStatus) -> tuple[str, str]:
        """Why the run ended as it did, and what to do about it."""
        run, stop, broken = self.context.run, self.context.stop, self.work.model_error
        error, hint = stop.reason, stop.hint
        if self.error is not None:
            error, hint = str(self.error), self.error.hint
        if not error and status is RunStatus.FAILED and broken is not None:
            error, hint = broken.reason, broken.hint
        if not error and status is RunStatus.LIMITED:
            limited = next(task for task in state.work() if task.outcome is Outcome.LIMITED)
            error = f"task {limited.id}: {limited.error}"
        if hint:
            return error, hint
        hints = {
            RunStatus.LIMITED: f"devassist resume {run} with a higher limit, such as --max-usd or --max-minutes",
            RunStatus.STOPPED: f"devassist resume {run}",
            RunStatus.WAITING: f"devassist inbox, then devassist resume {run}",
        }
        return error, hints.get(status, "")

    def _verdict(self, state: RunState) -> tuple[RunStatus, int]:
        stop, error = self.context.stop, self.error
        if stop.pulled:
            return _STATUS_OF_STOP.get(stop.outcome, RunStatus.FAILED), stop.exit_code
        if error is not None:
            return _STATUS_OF_EXIT.get(error.exit_code, RunStatus.FAILED), error.exit_code
        if self.context.request.plan_only:
            return RunStatus.SUCCEEDED, 0
        status = _status_of(state)
        if status is RunStatus.FAILED and self.work.model_error is not None:
            return status, ModelError.exit_code
        return status, _EXIT_OF[status]


def _is_done(status: TaskStatus, error: str | None) -> bool:
    return status is TaskStatus.MERGED or (status is TaskStatus.DELIVERED and not error)


def _status_of(state: RunState) -> RunStatus:
    """How the run ended, by its tasks."""
    tasks = state.work()
    if all(_is_done(task.status, task.error) for task in tasks):
        return RunStatus.SUCCEEDED
    statuses = {task.status for task in tasks}
    if TaskStatus.WAITING in statuses:
        return RunStatus.WAITING
    if any(task.outcome is Outcome.LIMITED for task in tasks):
        return RunStatus.LIMITED
    return RunStatus.PARTIAL if statuses & {TaskStatus.MERGED, TaskStatus.DELIVERED} else RunStatus.FAILED
