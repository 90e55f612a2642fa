"""The planning crew: a researcher's brief, then an orchestrator's plan, checked before anyone works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from devassist.domain.errors import DevassistError, LimitReached, ModelError, PlanError, Unfinished
from devassist.domain.events import Event, EventType
from devassist.domain.handoffs import Handoff
from devassist.domain.ids import PLANNING, agent_id
from devassist.domain.plan import Plan, parse_plan
from devassist.domain.roles import Role
from devassist.engine.briefs import planning_brief
from devassist.engine.deliver import make_handoff
from devassist.engine.landscape import landscape
from devassist.engine.places import Places
from devassist.engine.serving import Parked, WorkerDesk
from devassist.ports import AgentPlace, Assignment, Submission

CREW = (Role.RESEARCHER, Role.ORCHESTRATOR)
MAX_TASKS = 12
_MAX_CORRECTIONS = 4


@dataclass
class PlanningStep(WorkerDesk):
    """Runs the planning crew. Both agents read; neither may write."""

    places: Places
    plan: Plan | None = field(default=None, init=False)
    confidence: float = field(default=0.0, init=False)
    _handoffs: list[tuple[str, Handoff]] = field(default_factory=list, init=False)
    _corrections: int = field(default=0, init=False)
    _returned: set[str] = field(default_factory=set, init=False)
    _ground: str | None = field(default=None, init=False)

    def run(self) -> Plan:
        """The plan. Raises Unfinished, ModelError, LimitReached or Interrupted when there is none."""
        journal = self.context.journal
        journal.record(Event(type=EventType.TASK_STARTED, task=PLANNING, data={"title": "plan the goal"}))
        ending = self.serve(self._assignment())
        if ending.outcome == "delivered" and self.plan is not None:
            journal.record(self._event(EventType.TASK_FINISHED, "", {"status": "delivered"}))
            return self.plan
        reason = f"the planning crew ended without a plan: {ending.reason}"
        status = "waiting" if ending.outcome == "waiting" else "failed"
        journal.record(self._event(EventType.TASK_FINISHED, "", {"status": status, "error": reason}))
        self.context.check_stop()
        if ending.outcome == "error":
            raise ModelError(ending.reason, kind=ending.kind or "server", hint=ending.hint)
        if ending.outcome == "limited":
            raise LimitReached(ending.reason)
        if ending.outcome == "waiting":
            raise Parked(ending.reason)
        raise Unfinished(reason, hint=f"devassist logs {self.context.run}")

    def begin(self, role: str, round_: int) -> AgentPlace:
        context = self.context
        context.check_stop()
        worktree = self.places.open(PLANNING, role, context.request.base)
        agent = agent_id(PLANNING, role)
        private = self.places.private(agent)
        world = context.world(worktree.path, private)
        data = {
            "role": role,
            "round": round_,
            "branch": worktree.branch,
            "worktree": str(worktree.path),
            "commit": context.request.base,
            "model": context.request.models[role][0],
        }
        context.journal.record(self._event(EventType.AGENT_STARTED, role, data))
        if self._ground is None:
            self._ground = landscape(context)
        brief = planning_brief(
            context.around,
            role=Role(role),
            max_tasks=MAX_TASKS,
            handoffs=self._handoffs,
            ground=self._ground,
        )
        return AgentPlace(
            worktree=str(worktree.path),
            private=str(private),
            brief=brief,
            environment=world.environment,
            read_only=[str(one) for one in world.read_only],
            prefix=context.request.prefix,
        )

    def changed(self, role: str) -> Mapping[str, str]:
        return self.places.changes(self.places.of(PLANNING, role))

    def diff(self, role: str) -> str:  # noqa: ARG002  planning changes nothing
        return ""

    def submit(
        self, role: str, round_: int, handoff: Mapping[str, Any], facts: Mapping[str, Any]
    ) -> Submission:
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

    def _assignment(self) -> Assignment:
        context, request = self.context, self.context.request
        if not request.goal.strip():
            raise DevassistError("there is no goal to plan")
        return Assignment(
            run=context.run,
            task=PLANNING,
            roles=[str(role) for role in CREW],
            models=context.models_of(CREW),
            checks=list(context.settings.checks.commands),
            commands_offered=context.sandbox is not None,
            max_retries=context.settings.model.max_retries,
            timeout_s=context.settings.model.timeout_s,
            api_base=request.api_base,
            sandbox_tier=context.sandbox.tier if context.sandbox is not None else "",
            network=context.settings.sandbox.network,
            script=request.script,
            replay=request.replay,
            masked=[str(one) for one in context.masked],
            secrets=list(request.secrets),
            redact=list(context.settings.audit.redact),
        )


def _bounded(plan: Plan) -> Plan:
    if len(plan.tasks) > MAX_TASKS:
        raise PlanError(f"the plan has {len(plan.tasks)} tasks, more than {MAX_TASKS}")
    return plan
