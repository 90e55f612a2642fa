"""
Judges a merged tree before it lands: by the checks of all tasks on it, of the project, and held out.

What a task's own checks say counts whatever the base says. A project's check may fail only in the very tests that
failed on the base. A failure counts when a second run in a fresh tree confirms it. Where a change touches files that
judge it, the checks also run with those files as they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from devassist.domain.errors import Refused
from devassist.domain.events import Event, LandingJudged, WarningRaised
from devassist.domain.judges.paths import settings_differ
from devassist.domain.plan import Plan, PlanTask
from devassist.domain.state.approvals import ApprovalStatus
from devassist.domain.verdicts import SETTINGS_FILE, JudgedCheck, Judgement, Verification
from devassist.engine.context import RunContext
from devassist.engine.landing.checks import Checks
from devassist.engine.landing.trial import Trial, listed

_STRONGEST = (Verification.TESTS, Verification.CHECKS, Verification.REVIEW, Verification.NONE)


@dataclass(frozen=True)
class Gate:
    """The judge of one run's landings."""

    context: RunContext
    plan: Plan
    checks: Checks

    def judge(self, task: PlanTask, commit: str, *, onto: str, landed: Sequence[str]) -> Judgement:
        """Judge `commit`, the merge of a task's work onto `onto`, and record it."""
        tasks = [*(self.plan.task(name) for name in landed), task]
        project = self.context.settings.checks.commands
        own = {
            command: "" if each is task else each.id
            for each in tasks
            for command in each.checks
            if command not in project
        }
        commands = [*own, *project]
        trial = Trial(self.checks, task, commit, onto, commands=tuple(commands), allowed=self.allowed(task))
        judged, tails = list[JudgedCheck](), list[str]()
        try:
            for command in commands:
                check, tail = trial.check(command, own=command in own)
                judged.append(replace(check, task=own.get(command, "")))
                tails += [tail] if check.problem else []
        except Refused as error:
            judged.append(JudgedCheck(command="import check", own=False, exit_code=1, problem=str(error)))
        judgement = Judgement(
            checks=tuple(judged),
            judges=trial.judges if commands else (),
            aware=trial.aware,
            verification=self._verification(task, judged),
            tail=next(iter(tails), ""),
            settings_changed=SETTINGS_FILE
            if settings_differ(trial.before(SETTINGS_FILE), trial.after(SETTINGS_FILE))
            else "",
        )
        self._record(task, commit, judgement)
        return judgement

    def allowed(self, task: PlanTask) -> tuple[str, ...]:
        """Globs of the tests that the task may change: those of a plan that a person has passed or approved."""
        with self.context.journal.lock:
            state = self.context.journal.state
            approved = state.plan_source == "file" or any(
                one.kind == "plan" and one.status is ApprovalStatus.APPROVED
                for one in state.approvals.values()
            )
        return task.changes_tests if approved else ()

    def _verification(self, task: PlanTask, judged: Sequence[JudgedCheck]) -> Verification:
        if any(check.problem for check in judged):
            return Verification.NONE
        proved = [check.verifies for check in judged]
        if any(check.foreign for check in judged):  # a linter beside them does not stand in for tests
            proved = [each for each in proved if each is not Verification.CHECKS]
        reviewed = Verification.REVIEW if task.review else Verification.NONE
        return min([*proved, reviewed], key=_STRONGEST.index)

    def _record(self, task: PlanTask, commit: str, judgement: Judgement) -> None:
        journal = self.context.journal
        for check in judgement.checks:
            if check.known_failures and not check.problem:
                text = (
                    f"check {check.command!r} fails on the merged tree of {task.id}, and on the base as well"
                )
                journal.record(Event(WarningRaised(text=text), task=task.id))
            if check.flaky:
                text = f"check {check.command!r} is flaky: {listed(check.flaky)} failed, then passed on the same tree"
                journal.record(Event(WarningRaised(text=text), task=task.id))
        fact = LandingJudged(
            commit=commit,
            tree=self.context.repository.tree_of(commit),
            verification=judgement.verification,
            checks=judgement.checks,
            judges=judgement.judges,
        )
        journal.record(Event(fact, task=task.id))
