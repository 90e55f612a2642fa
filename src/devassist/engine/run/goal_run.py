"""A run for a goal: a plan, made or passed, whose tasks crews work on and whose results land on the result branch."""

from __future__ import annotations

from dataclasses import dataclass, field

from devassist.domain.plan import Plan
from devassist.domain.state.run import RunState
from devassist.engine.context import RunContext
from devassist.engine.crews.run_worktrees import RunWorktrees
from devassist.engine.landing.baseline import Baseline
from devassist.engine.landing.checks import Checks
from devassist.engine.landing.integrator import Integrator
from devassist.engine.landing.preview import Preview
from devassist.engine.results import Head, StepResult
from devassist.engine.run.inbox import Inbox
from devassist.engine.run.planner import Planner
from devassist.engine.run.reconcile import Progress, Reconciler
from devassist.engine.run.schedule import Schedule
from devassist.engine.run.steps import CrewSteps


@dataclass
class GoalRun:
    """A RunWork. `head` reads the audit log's newest link, `database` is the log's id: merges name both."""

    context: RunContext
    head: Head
    database: str = ""
    model_error: StepResult | None = None
    _checks: Checks = field(init=False)
    _baseline: Baseline = field(init=False)

    def __post_init__(self) -> None:
        self._checks = Checks(context=self.context)
        self._baseline = Baseline(self._checks)

    def run(self, worktrees: RunWorktrees, inbox: Inbox) -> None:
        plan_only = self.context.request.plan_only
        try:
            if not plan_only:
                self._baseline.start()
            planner = Planner(
                context=self.context,
                worktrees=worktrees,
                inbox=inbox,
                known_failures=self._baseline.known_failures,
            )
            plan = planner.plan()
            if not plan_only:
                self._work(plan, worktrees, inbox)
        finally:
            self._baseline.close()
        if self._baseline.error is not None:
            raise self._baseline.error

    def close(self) -> None:
        self._checks.close()

    def result_commit(self, state: RunState) -> str | None:
        return state.result_commit

    def report(self) -> str:
        return str(self.context.reports / f"{self.context.run}.md")

    def _work(self, plan: Plan, worktrees: RunWorktrees, inbox: Inbox) -> None:
        # Parsers and detectors: loaded while the forkserver comes up, not before the run has begun.
        from devassist.engine.resolution.conflict_landing import ConflictLanding
        from devassist.engine.watch.conflict_watch import ConflictWatch

        context = self.context
        integrator = Integrator(
            context=context,
            plan=plan,
            checks=self._checks,
            head=self.head,
            database=self.database,
            resolutions=ConflictLanding(context=context, plan=plan, worktrees=worktrees),
        )
        progress = Progress()
        if context.request.resumed:
            progress = Reconciler(context=context, worktrees=worktrees).progress(plan, integrator)
        schedule = Schedule(
            context=context,
            plan=plan,
            steps=CrewSteps(
                context,
                plan,
                worktrees,
                frozenset(progress.begun),
                self._baseline.known_failures,
                Preview(self._checks),
                self._baseline.failed_cases,
            ),
            lander=integrator,
            inbox=inbox,
            results=progress.results,
            settled=progress.settled,
        )
        try:
            with ConflictWatch(context, plan):
                schedule.run()
        finally:
            self.model_error = schedule.model_error
