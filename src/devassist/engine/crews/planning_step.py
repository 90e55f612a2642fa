"""The planning crew: a researcher's brief, then an orchestrator's plan, checked before anyone works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devassist.domain.errors import (
    DevassistError,
    LimitReached,
    ModelError,
    NotFound,
    PlanError,
    RepositoryChanged,
    Unfinished,
)
from devassist.domain.events import Event, EventType, Record
from devassist.domain.handoffs import Handoff
from devassist.domain.ids import PLANNING, agent_id
from devassist.domain.plan import Plan, parse_plan
from devassist.domain.roles import Role
from devassist.engine.approval_requests import Parked
from devassist.engine.crews.assignments import assignment
from devassist.engine.crews.delivery import make_handoff
from devassist.engine.crews.harness_commands import private_directory
from devassist.engine.crews.planning_context import landscape
from devassist.engine.crews.prompts import planning_brief
from devassist.engine.crews.replay import Diverged, WorkerDied
from devassist.engine.crews.run_worktrees import RunWorktrees
from devassist.engine.crews.worker_session import WorkerDesk
from devassist.engine.log.attempt_log import Memory
from devassist.ports import AgentPlace, Submission

CREW = (Role.RESEARCHER, Role.ORCHESTRATOR)
MAX_TASKS = 12
_MAX_CORRECTIONS = 4


@dataclass
class PlanningStep(WorkerDesk):
    """Runs the planning crew. Both agents read; neither may write."""

    worktrees: RunWorktrees
    again: bool = False
    plan: Plan | None = field(default=None, init=False)
    confidence: float = field(default=0.0, init=False)
    _handoffs: list[tuple[str, Handoff]] = field(default_factory=list, init=False)
    _corrections: int = field(default=0, init=False)
    _returned: set[str] = field(default_factory=set, init=False)
    _ground: str | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if self.again:
            self.memory = Memory.of(self.context.history(PLANNING))

    def run(self) -> Plan:
        """The plan. Raises Unfinished, ModelError, LimitReached, Diverged or Interrupted when there is none."""
        journal = self.context.journal
        journal.record(Event(type=EventType.TASK_STARTED, task=PLANNING, data={"title": "plan the goal"}))
        if not self.context.request.goal.strip():
            raise DevassistError("there is no goal to plan")
        ending = self.serve(assignment(self.context, task=PLANNING, roles=CREW, memory=self.memory))
        if ending.outcome == "delivered" and self.plan is not None:
            journal.record(self._event(EventType.TASK_FINISHED, "", {"status": "delivered"}))
            return self.plan
        if ending.outcome == "diverged":
            raise Diverged(ending.reason)
        if ending.outcome == "died":
            raise WorkerDied(ending.reason)
        reason = f"the planning crew ended without a plan: {ending.reason}"
        status = "waiting" if ending.outcome == "waiting" else "failed"
        data = {"status": status, "error": reason, "outcome": ending.outcome}
        journal.record(self._event(EventType.TASK_FINISHED, "", data))
        self.context.check_stop()
        if ending.outcome == "error":
            raise ModelError(ending.reason, kind=ending.kind or "server", hint=ending.hint)
        if ending.outcome == "limited":
            raise LimitReached(ending.reason)
        if ending.outcome == "waiting":
            raise Parked(ending.reason, approval=self.awaits)
        raise Unfinished(reason, hint=f"devassist logs {self.context.run}")

    def begin(self, role: str, round_: int) -> AgentPlace:
        context = self.context
        context.check_stop()
        agent = agent_id(PLANNING, role)
        begun = self.memory.started.get((role, round_))
        if begun is not None:
            path = self._place_again(role, round_)
            self._ground = str(begun.data.get("ground", ""))
        else:
            if self._ground is None:
                self._ground = landscape(context)
            worktree = self.worktrees.open(PLANNING, role, context.request.base)
            path = worktree.path
            data = {
                "role": role,
                "round": round_,
                "branch": worktree.branch,
                "worktree": str(path),
                "commit": context.request.base,
                "model": context.request.models[role][0],
                "ground": self._ground,
            }
            context.journal.record(self._event(EventType.AGENT_STARTED, role, data))
        private = private_directory(context, agent)
        world = context.world(path, private)
        brief = planning_brief(
            context.around,
            role=Role(role),
            max_tasks=MAX_TASKS,
            handoffs=self._handoffs,
            ground=self._ground or "",
        )
        return AgentPlace(
            worktree=str(path),
            private=str(private),
            brief=brief,
            environment=world.environment,
            read_only=[str(one) for one in world.read_only],
            prefix=context.request.prefix,
        )

    def _place_again(self, role: str, round_: int) -> Path:
        if not self.memory.accepted(role, round_):
            try:
                self.worktrees.reopen(PLANNING, role)
            except (NotFound, RepositoryChanged) as error:
                raise Diverged(str(error)) from error
        return Path(self.memory.started[role, round_].data["worktree"])

    def changed(self, role: str) -> Mapping[str, str]:
        return self.worktrees.changes(agent_id(PLANNING, role))

    def diff(self, role: str) -> str:  # noqa: ARG002  planning changes nothing
        return ""

    def submit(
        self, role: str, round_: int, handoff: Mapping[str, Any], facts: Mapping[str, Any]
    ) -> Submission:
        if said_before := self.memory.answer(role, round_):
            return self._answered(role, handoff, said_before)
        self.context.check_stop()
        journal = self.context.journal
        if not facts["work_calls"]:
            return self._back(role, "no tool call was made before the submit: nothing was looked at")
        said = make_handoff(Role(role), handoff, intent="plan the goal", artifacts=())
        data = {"role": role, "round": round_, "turns": facts["turns"], **said.as_json()}
        (record,) = journal.record(self._event(EventType.HANDOFF_SUBMITTED, role, data))
        if role == Role.ORCHESTRATOR:
            answer = self._take_plan(role, handoff, record.id)
            if answer is not None:
                return answer
        self._handoffs.append((role, said))
        finished = {"role": role, "round": round_, "status": "done", "commit": self.context.request.base}
        journal.record(self._event(EventType.AGENT_FINISHED, role, finished))
        return Submission(accepted=True, text=f"accepted: {said.summary}")

    def _answered(self, role: str, handoff: Mapping[str, Any], answer: Record) -> Submission:
        """What was said to this submit before: the same again."""
        if answer.type is not EventType.AGENT_FINISHED:
            self._corrections += answer.type is EventType.PLAN_REJECTED
            if answer.type is EventType.HANDOFF_RETURNED:
                self._returned.add(role)
            return Submission(accepted=False, text=f"not accepted: {answer.data['reason']}")
        if role == Role.ORCHESTRATOR:
            self.plan = _bounded(parse_plan({"tasks": handoff["tasks"]}, goal=self.context.request.goal))
            self.confidence = float(handoff["confidence"])
        said = make_handoff(Role(role), handoff, intent="plan the goal", artifacts=())
        self._handoffs.append((role, said))
        return Submission(accepted=True, text=f"accepted: {said.summary}")

    def _take_plan(self, role: str, handoff: Mapping[str, Any], parent: str) -> Submission | None:
        """Check the plan purely; None when it can be run."""
        try:
            plan = _bounded(parse_plan({"tasks": handoff["tasks"]}, goal=self.context.request.goal))
        except PlanError as error:
            self._corrections += 1
            data = {"role": role, "reason": str(error)}
            self.context.journal.record(self._event(EventType.PLAN_REJECTED, role, data, parent=parent))
            return Submission(
                accepted=False,
                failed=self._corrections > _MAX_CORRECTIONS,
                text=f"not accepted: {error}. Correct it and submit again.",
            )
        self.plan = plan
        self.confidence = float(handoff["confidence"])
        return None

    def _back(self, role: str, reason: str) -> Submission:
        again = role not in self._returned
        self._returned.add(role)
        self.context.journal.record(self._event(EventType.HANDOFF_RETURNED, role, {"reason": reason}))
        return Submission(accepted=False, failed=not again, text=f"not accepted: {reason}")

    def _event(self, type_: EventType, role: str, data: Mapping[str, Any], *, parent: str = "") -> Event:
        agent = agent_id(PLANNING, role) if role else ""
        return Event(type=type_, task=PLANNING, agent=agent, parent=parent, data=data)


def _bounded(plan: Plan) -> Plan:
    if len(plan.tasks) > MAX_TASKS:
        raise PlanError(f"the plan has {len(plan.tasks)} tasks, more than {MAX_TASKS}")
    return plan
