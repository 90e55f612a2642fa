"""How one task of a plan is worked on: the step that its thread runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from devassist.domain.handoffs import Handoff
from devassist.domain.plan import Plan, PlanTask
from devassist.engine.choice.private_view import handed_to
from devassist.engine.context import RunContext
from devassist.engine.crews.evidence import ChangeEvidence, nothing_proved
from devassist.engine.crews.ground import FailedCases, KnownFailures, nothing_known
from devassist.engine.crews.run_worktrees import RunWorktrees
from devassist.engine.crews.task_step import TaskStep
from devassist.engine.results import StepResult
from devassist.engine.starts import start_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What the tasks of a plan have delivered so far: their commits and handoffs by task. A snapshot."""

    commits: Mapping[str, str] = field(default_factory=dict)
    handoffs: Mapping[str, Handoff] = field(default_factory=dict)


class Steps(Protocol):
    """Works on the tasks of one plan, each on a thread of its own."""

    def run(self, task: PlanTask, delivered: Delivered, *, again: bool) -> StepResult:
        """
        One task to its end; `again` says that this session has worked on it before.

        Raises DevassistError if it cannot begin.
        """


@dataclass(frozen=True, slots=True)
class CrewSteps:
    """Steps by crews. `begun` are the tasks that an earlier supervisor of the run worked on."""

    context: RunContext
    plan: Plan
    worktrees: RunWorktrees
    begun: frozenset[str] = frozenset()
    known_failures: KnownFailures = nothing_known
    evidence: ChangeEvidence = nothing_proved
    failed_cases: FailedCases = dict

    def run(self, task: PlanTask, delivered: Delivered, *, again: bool) -> StepResult:
        start = start_of(self.context, self.plan, task, delivered.commits)
        handoffs = delivered.handoffs
        step = TaskStep(
            context=self.context,
            task_id=task.id,
            plan=self.plan,
            task=task,
            worktrees=self.worktrees,
            start=start.commit,
            built_on=start.built_on,
            upstream=[
                (name, handed_to(self.context, task, self.plan.task(name), handoffs[name]))
                for name in start.built_on
                if name in handoffs
            ],
            again=again or task.id in self.begun,
            known_failures=self.known_failures,
            evidence=self.evidence,
            failed_cases=self.failed_cases,
        )
        return step.run()
