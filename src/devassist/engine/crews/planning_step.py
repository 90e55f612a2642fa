"""The planning crew: how large a crew the goal needs, research if it is large, and a plan that is checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from devassist.assignments import AgentPlace, Leg, Submission, SubmittedWork
from devassist.domain.errors import (
    DevassistError,
    LimitReached,
    ModelError,
    NotFound,
    PlanError,
    Refused,
    RepositoryChanged,
    Unfinished,
)
from devassist.domain.events import (
    AgentFinished,
    AgentStarted,
    DecisionMade,
    PlanRejected,
    TaskFinished,
    TaskStarted,
)
from devassist.domain.handoffs import Handoff
from devassist.domain.ids import PLANNING, agent_id
from devassist.domain.plan import Plan, parse_plan
from devassist.domain.roles import CrewSize, Role
from devassist.domain.statuses import Outcome, TaskStatus
from devassist.engine.approval_requests import Parked
from devassist.engine.choice.agent_models import AgentModels, check_models
from devassist.engine.crews.assignments import agent_place, assignment
from devassist.engine.crews.ground import KnownFailures, answers, framed, nothing_known, planning_ground
from devassist.engine.crews.handoffs import make_handoff, submitted
from devassist.engine.crews.planning_context import landscape
from devassist.engine.crews.prompts import planning_brief
from devassist.engine.crews.replay import Diverged, WorkerDied
from devassist.engine.crews.run_worktrees import RunWorktrees
from devassist.engine.crews.worker_session import WorkerSession
from devassist.engine.log.attempt_log import AttemptLog, SubmitReply
from devassist.messages import SubmitWork

CREW = (Role.RESEARCHER, Role.ORCHESTRATOR)
MAX_TASKS = 12
_MAX_CORRECTIONS = 4
_INTENT = "plan the goal"


@dataclass
class PlanningStep(WorkerSession):
    """Runs the planning crew. Both agents read; neither may write."""

    worktrees: RunWorktrees
    size: CrewSize = CrewSize.PLAN
    """AUTO has the orchestrator decide first, before anybody researches."""
    again: bool = False
    """Whether the log holds earlier work of the crew: then it goes on from there."""
    known_failures: KnownFailures = nothing_known
    plan: Plan | None = field(default=None, init=False)
    confidence: float = field(default=0.0, init=False)
    _handoffs: list[tuple[str, Handoff]] = field(default_factory=list, init=False)
    _corrections: int = field(default=0, init=False)
    _ground: str | None = field(default=None, init=False)
    _sizes: bool = field(default=False, init=False)
    """Whether the orchestrator's next submit decides how large a crew the goal needs."""

    def __post_init__(self) -> None:
        if self.again:
            self.attempt = AttemptLog.of(self.context.history(PLANNING))
        self._sizes = self.size is CrewSize.AUTO
        self.models = AgentModels(self.context, PLANNING, self.record, begun=self.attempt.started)

    def run(self) -> Plan:
        """
        The plan.

        Raises Unfinished, ModelError, LimitReached, Interrupted, Parked, Diverged or WorkerDied if there is none.
        """
        self.record(TaskStarted(title=_INTENT))
        if not self.context.request.goal.strip():
            raise DevassistError("there is no goal to plan")
        roles = (Role.ORCHESTRATOR,) if self._sizes else CREW
        ending = self.serve(assignment(self.context, task=PLANNING, roles=roles, attempt=self.attempt))
        if ending.outcome is Outcome.DELIVERED and self.plan is not None:
            self.record(TaskFinished(status=TaskStatus.DELIVERED))
            return self.plan
        if ending.outcome is Outcome.DIVERGED:
            raise Diverged(ending.reason)
        if ending.outcome is Outcome.DIED:
            raise WorkerDied(ending.reason)
        reason = f"the planning crew ended without a plan: {ending.reason}"
        waits = ending.outcome is Outcome.WAITING
        status = TaskStatus.WAITING if waits else TaskStatus.FAILED
        self.record(TaskFinished(status=status, error=reason, outcome=ending.outcome))
        self.context.check_stop()
        if ending.outcome is Outcome.ERROR:
            raise ModelError(ending.reason, kind=ending.kind or "server", hint=ending.hint)
        if ending.outcome is Outcome.LIMITED:
            raise LimitReached(ending.reason)
        if waits:
            raise Parked(ending.reason, approval=self.awaits)
        raise Unfinished(reason, hint=f"devassist logs {self.context.run}")

    def begin(self, role: Role, round_: int) -> AgentPlace:
        context = self.context
        context.check_stop()
        begun = self.attempt.started.get((role, round_))
        if begun is not None:
            self._check_left(role, round_)
            path = Path(begun.worktree)
            self._ground = begun.ground
        else:
            if self._ground is None:
                parts = [landscape(context), planning_ground(self.known_failures), answers(context, PLANNING)]
                self._ground = framed(parts)
            models = self.models.of(role, round_, prompt=self._brief(role))
            worktree = self.worktrees.open(PLANNING, role, context.request.base)
            path = worktree.path
            started = AgentStarted(
                role=role,
                round=round_,
                branch=worktree.branch or "",
                worktree=str(path),
                commit=context.request.base,
                model=models[0],
                ground=self._ground,
            )
            self.record(started, role=role)
        return agent_place(
            context,
            path,
            agent=agent_id(PLANNING, role),
            brief=self._brief(role),
            models=self.models.of(role),
        )

    def _brief(self, role: Role) -> str:
        return planning_brief(
            role=role,
            max_tasks=MAX_TASKS,
            handoffs=self._handoffs,
            ground=self._ground or "",
            sizes=self._sizes,
        )

    def _check_left(self, role: Role, round_: int) -> None:
        """Raises Diverged if the worktree of an agent that was at work is not as it was left."""
        if self.attempt.accepted(role, round_):
            return
        try:
            self.worktrees.reopen(PLANNING, role)
        except (NotFound, RepositoryChanged) as error:
            raise Diverged(str(error)) from error

    def changed(self, role: Role) -> Mapping[str, str]:
        return self.worktrees.changes(agent_id(PLANNING, role))

    def diff(self, role: Role) -> str:  # noqa: ARG002  planning changes nothing
        return ""

    def submit(self, submit: SubmitWork) -> Submission:
        role, round_, work = submit.role, submit.round, submit.work
        if reply := self.attempt.next_submit(role, round_):
            return self._replayed(submit, reply)
        self.context.check_stop()
        handoff = make_handoff(role, work, intent=_INTENT, artifacts=())
        event = self.record(submitted(handoff, role=role, round_=round_, turns=submit.turns), role=role)
        if role is Role.ORCHESTRATOR and (rejection := self._take_plan(role, work, event)) is not None:
            return rejection
        if role is Role.ORCHESTRATOR and self._sizes:
            self._record_size(role, work, event)
        commit = self.context.request.base
        self.record(AgentFinished(role=role, round=round_, commit=commit, turns=submit.turns), role=role)
        return self._accepted(role, round_, handoff)

    def _accepted(self, role: Role, round_: int, handoff: Handoff) -> Submission:
        self._handoffs.append((role, handoff))
        researched = role is Role.ORCHESTRATOR and self.plan is None
        if role is Role.ORCHESTRATOR:
            self._sizes = False
        return Submission(
            accepted=True,
            text=f"accepted: {handoff.summary}",
            then=Leg(roles=CREW, round=round_ + 1) if researched else None,
        )

    def _replayed(self, submit: SubmitWork, reply: SubmitReply) -> Submission:
        """The reply to this submit before: the same again."""
        role, work = submit.role, submit.work
        if not isinstance(reply, AgentFinished):
            self._corrections += isinstance(reply, PlanRejected)
            return Submission(accepted=False, text=f"not accepted: {reply.reason}")
        if role is Role.ORCHESTRATOR:
            self.plan, self.confidence = self._parsed(work), work.confidence
        return self._accepted(role, submit.round, make_handoff(role, work, intent=_INTENT, artifacts=()))

    def _take_plan(self, role: Role, work: SubmittedWork, parent: str) -> Submission | None:
        """Check the plan purely; None if it can be run."""
        try:
            plan = self._parsed(work)
            if plan is not None:
                check_models(self.context.request, plan)
        except (PlanError, Refused) as error:
            self._corrections += 1
            self.record(PlanRejected(role=role, reason=str(error)), role=role, parent=parent)
            return Submission(
                accepted=False,
                failed=self._corrections > _MAX_CORRECTIONS,
                text=f"not accepted: {error}. Correct it and submit again.",
            )
        self.plan, self.confidence = plan, work.confidence
        return None

    def _record_size(self, role: Role, work: SubmittedWork, parent: str) -> None:
        """The size of the crew as a decision, with what such a crew has cost before."""
        size = work.crew or self._size_of(self.plan)
        estimate = self.context.estimated(self.plan) if self.plan is not None else ""
        decision = DecisionMade(
            who=f"agent {agent_id(PLANNING, role)}",
            question="how large a crew does the goal need?",
            options=(CrewSize.SOLO, CrewSize.CREW, CrewSize.PLAN),
            choice=size,
            reason="; ".join(part for part in (work.rationale or work.summary, estimate) if part),
            confidence=work.confidence,
        )
        self.record(decision, role=role, parent=parent)

    @staticmethod
    def _size_of(plan: Plan | None) -> CrewSize:
        if plan is None or len(plan.tasks) > 1:
            return CrewSize.PLAN
        return CrewSize.CREW if plan.tasks[0].tester else CrewSize.SOLO

    def _parsed(self, work: SubmittedWork) -> Plan | None:
        """The plan; None if the orchestrator wants research first. Raises PlanError."""
        goal = self.context.request.goal
        if self._sizes and not work.tasks and work.crew in ("", CrewSize.PLAN):
            return None
        tasks = (
            [{"instructions": goal, **task} for task in work.tasks] if len(work.tasks) == 1 else work.tasks
        )
        plan = parse_plan({"tasks": tasks}, goal=goal)
        if len(plan.tasks) > MAX_TASKS:
            raise PlanError(f"the plan has {len(plan.tasks)} tasks, more than {MAX_TASKS}")
        if work.crew in (CrewSize.SOLO, CrewSize.CREW) and len(plan.tasks) > 1:
            raise PlanError(
                f"crew {work.crew} has one task, and this plan has {len(plan.tasks)}; crew plan has several"
            )
        if work.crew == CrewSize.SOLO:
            return replace(plan, tasks=tuple(replace(task, tester=False) for task in plan.tasks))
        return plan
