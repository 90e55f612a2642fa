"""Owns a run: plans, starts what is ready, lands what is delivered, and ends with the truth."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from devassist.domain.budget import Limit
from devassist.domain.errors import AuditError, DevassistError, LimitReached, ModelError, WaitingForPerson
from devassist.domain.events import DecisionMade, Event, RunFinished, RunResumed, RunStarted, WarningRaised
from devassist.domain.failpoints import reach
from devassist.domain.ids import PLANNING, base_ref
from devassist.domain.plan import Plan
from devassist.domain.run import RunState
from devassist.domain.statuses import RunStatus, TaskStatus
from devassist.engine.approval_requests import Parked
from devassist.engine.context import RunContext, settings_digest
from devassist.engine.crews.run_worktrees import RunWorktrees
from devassist.engine.landing.checks import Checks
from devassist.engine.landing.integrator import Integrator
from devassist.engine.results import Head, StepResult
from devassist.engine.run.inbox import Inbox
from devassist.engine.run.log_listener import LogListener
from devassist.engine.run.planner import Planner
from devassist.engine.run.reconcile import Progress, Reconciler
from devassist.engine.run.schedule import Schedule
from devassist.engine.stop import sweep

_GRACE_S = 3.0
_MOMENT_S = 0.5
_LAST_CALL_S = 10.0
_POLL_S = 0.1
_EXIT_OF = {RunStatus.SUCCEEDED: 0, RunStatus.PARTIAL: 1, RunStatus.FAILED: 1, RunStatus.WAITING: 3}


@dataclass
class Supervisor:
    """Runs one run to its end. `execute` returns when nothing of it is alive any more."""

    context: RunContext
    head: Head
    database: str = ""
    inbox: Inbox = field(default_factory=Inbox)
    _model_error: StepResult | None = None

    def execute(self) -> RunState:
        """Start to finish. The state's exit code is contract 1's; AuditError comes through."""
        context = self.context
        worktrees = RunWorktrees(context=context)
        checks = Checks(context=context)
        context.stop.on_stop.append(self._on_stop)
        reconciler = Reconciler(context=context, worktrees=worktrees)
        if context.request.resumed:
            self._resume(reconciler)
        else:
            self._start()
        context.executor.launch()
        clock = self._arm_clock()
        error: DevassistError | None = None
        try:
            with context.repository.hold_gc(context.pid), LogListener(context=context, inbox=self.inbox):
                plan = Planner(context=context, worktrees=worktrees, inbox=self.inbox).plan()
                if not context.request.plan_only:
                    self._work(plan, worktrees, checks, reconciler)
        except Parked as parked:
            error = WaitingForPerson(f"waits for a person: {parked}")
        except DevassistError as caught:
            error = caught
        finally:
            clock.cancel()
            context.executor.close()
            sweep(context.run)
        self._end_if_state_is_unknown()
        checks.close()
        worktrees.rescue()
        return self._finish(worktrees, error)

    def _end_if_state_is_unknown(self) -> None:
        """A run whose records cannot be folded ends here: nothing is given back, because nobody knows what is done."""
        try:
            self.context.journal.check()
        except AuditError as error:
            finished = RunFinished(
                status=RunStatus.FAILED, exit_code=error.exit_code, error=str(error), hint=error.hint
            )
            self.context.journal.record_last(Event(finished))
            raise

    def _start(self) -> None:
        request, context = self.context.request, self.context
        settings = request.settings
        context.repository.create_ref(base_ref(context.run), request.base)
        owner = request.owner
        started = RunStarted(
            goal=request.goal,
            base=request.base,
            branch=context.repository.head_branch or "",
            prefix=request.prefix,
            settings=settings,
            settings_digest=settings_digest(settings),
            models={role: tuple(models) for role, models in request.models.items()},
            model_source=request.model_source,
            sandbox=context.tier,
            repository=str(context.repository.root),
            worktrees=str(context.worktrees),
            plan_only=request.plan_only,
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

    def _resume(self, reconciler: Reconciler) -> None:
        """Own a run that another process began, and of which nothing is alive any more."""
        request, context = self.context.request, self.context
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
        context.journal.record(Event(resumed))
        if request.cleared is not None:
            context.journal.record(Event(request.cleared))
        reconciler.report_unknown()

    def _work(self, plan: Plan, worktrees: RunWorktrees, checks: Checks, reconciler: Reconciler) -> None:
        # Parsers and detectors: loaded while the forkserver comes up, not before the run has begun.
        from devassist.engine.resolution.conflict_landing import Mender
        from devassist.engine.watch.conflict_watch import Neighbours

        integrator = Integrator(
            context=self.context,
            plan=plan,
            checks=checks,
            head=self.head,
            database=self.database,
            mender=Mender(context=self.context, plan=plan, worktrees=worktrees),
        )
        progress = reconciler.progress(plan, integrator) if self.context.request.resumed else Progress()
        schedule = Schedule(
            context=self.context,
            plan=plan,
            worktrees=worktrees,
            integrator=integrator,
            inbox=self.inbox,
            results=progress.results,
            again=progress.begun,
            settled=progress.settled,
        )
        try:
            with Neighbours(self.context, plan):
                schedule.run()
        finally:
            self._model_error = schedule.model_error

    def _arm_clock(self) -> threading.Timer:
        """Wall time ends even what never asks for a next call: a model that hangs, a command that waits."""
        minutes = self.context.settings.limits.max_minutes

        def over() -> None:
            reason = f"the run has taken its {minutes:g} minutes"
            decision = DecisionMade(
                who="policy",
                question="go on after the time is over?",
                options=("go on", "refuse"),
                choice="refuse",
                reason=reason,
                confidence=1.0,
                limit=str(Limit.MINUTES),
            )
            try:
                self.context.journal.record(Event(decision))
            finally:  # a log that cannot be written must not leave the run without an end
                self.context.stop.pull("limited", reason, exit_code=LimitReached.exit_code)
            kill = threading.Timer(_GRACE_S, self._kill)
            kill.daemon = True
            kill.start()

        left = max(0.0, minutes * 60 - self.context.request.spent_s)
        timer = threading.Timer(left if minutes else threading.TIMEOUT_MAX, over)
        timer.daemon = True
        timer.start()
        return timer

    def _on_stop(self) -> None:
        """A person's stop lets a model call that is paid for come in; a limit leaves as long as it takes."""
        stop = self.context.stop
        if stop.now:
            self._kill()
        elif stop.outcome == "stopped":
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

    def _finish(self, worktrees: RunWorktrees, error: DevassistError | None) -> RunState:
        context = self.context
        state = context.journal.state
        merged = [task.id for task in state.work() if task.status is TaskStatus.MERGED]
        delivered = [
            task.id for task in state.work() if task.status is TaskStatus.DELIVERED and not task.error
        ]
        planned = [PLANNING] if state.plan is not None else []  # without a plan the crew goes on there
        worktrees.give_back([*merged, *delivered, *planned])
        status, code = self._verdict(state, error)
        report = context.reports / f"{context.run}.md"
        why = str(error) if error is not None else context.stop.reason
        hint = error.hint if error is not None else context.stop.hint
        if not why and status is RunStatus.FAILED and self._model_error is not None:
            why, hint = self._model_error.reason, self._model_error.hint
        if status is RunStatus.LIMITED and not hint:
            hint = f"devassist resume {context.run} with a higher limit, such as --max-usd or --max-minutes"
        elif status is RunStatus.STOPPED and not hint:
            hint = f"devassist resume {context.run}"
        elif status is RunStatus.WAITING and not hint:
            hint = f"devassist inbox, then devassist resume {context.run}"
        finished = RunFinished(
            status=status,
            exit_code=code,
            result_commit=state.result_commit,
            usage=state.usage,
            wall_s=round(context.elapsed_s(), 3),
            journal_s=round(context.journal.waited_s, 3),
            report=str(report),
            error=why,
            hint=hint,
        )
        context.journal.record(Event(finished))
        return state

    def _verdict(self, state: RunState, error: DevassistError | None) -> tuple[RunStatus, int]:
        stop = self.context.stop
        if stop.pulled and stop.outcome in ("stopped", "limited"):
            return RunStatus(stop.outcome), stop.exit_code
        if stop.pulled:
            return RunStatus.FAILED, stop.exit_code
        if error is not None:
            status = {3: RunStatus.WAITING, 4: RunStatus.LIMITED, 130: RunStatus.STOPPED}.get(error.exit_code)
            return status or RunStatus.FAILED, error.exit_code
        if self.context.request.plan_only:
            return RunStatus.SUCCEEDED, 0
        status = _status_of(state)
        if status is RunStatus.FAILED and self._model_error is not None:
            return status, ModelError.exit_code
        return status, _EXIT_OF[status]


def _status_of(state: RunState) -> RunStatus:
    tasks = state.work()
    done = [
        task
        for task in tasks
        if task.status is TaskStatus.MERGED or (task.status is TaskStatus.DELIVERED and not task.error)
    ]
    if len(done) == len(tasks):
        return RunStatus.SUCCEEDED
    if any(task.status is TaskStatus.WAITING for task in tasks):
        return RunStatus.WAITING
    landed = any(task.status is TaskStatus.MERGED for task in tasks)
    kept = any(task.status is TaskStatus.DELIVERED for task in tasks)
    return RunStatus.PARTIAL if landed or kept else RunStatus.FAILED
