"""How a run comes to its plan: it is passed, recorded before, or made by the planning crew and approved."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from devassist.domain.errors import DevassistError, Refused, Unfinished, WaitingForPerson
from devassist.domain.events import DecisionMade, Event, PlanSubmitted, Shown, WarningRaised
from devassist.domain.hashing import digest
from devassist.domain.ids import PLANNING
from devassist.domain.plan import SCHEMA, Plan, PlanTask
from devassist.domain.roles import CrewSize, Role
from devassist.domain.state.approvals import ApprovalState, ApprovalStatus, Choice, decide
from devassist.domain.words import counted
from devassist.engine.approval_requests import ApprovalRequest, Parked, decision_on, is_open
from devassist.engine.choice.agent_models import check_models
from devassist.engine.context import RunContext
from devassist.engine.crews.ground import KnownFailures, nothing_known
from devassist.engine.crews.planning_step import PlanningStep
from devassist.engine.crews.replay import Diverged, WorkerDied
from devassist.engine.crews.run_worktrees import RunWorktrees
from devassist.engine.run.inbox import Inbox
from devassist.engine.run.schedule import record_retry

_POLL_S = 0.2
_LONGEST_TITLE = 72
_PASSED = ("file", "goal")
"""Sources of plans that are approved by whoever passed them."""
_LIVES = 2
"""How often a planning crew whose process died is started again."""


@dataclass
class Planner:
    """Comes to the run's plan, on the coordinator's thread. A plan that was passed is approved by whoever passed it."""

    context: RunContext
    worktrees: RunWorktrees
    inbox: Inbox
    known_failures: KnownFailures = nothing_known

    def plan(self) -> Plan:
        """Raises WaitingForPerson, Refused, Unfinished and what the planning crew raises."""
        context = self.context
        request, state = context.request, context.journal.state
        if state.plan is not None:
            plan, passed = replace(state.plan, goal=state.goal), state.plan_source in _PASSED
        elif request.plan is not None:
            plan, passed = request.plan, True
            if request.crew is CrewSize.SOLO:
                plan = replace(plan, tasks=tuple(replace(task, tester=False) for task in plan.tasks))
            self._record_plan(PlanSubmitted(plan=plan, source="file"))
        elif request.crew in (CrewSize.SOLO, CrewSize.CREW):
            plan, passed = self._of_one_task(), True
            self._record_plan(PlanSubmitted(plan=plan, source="goal"))
        else:
            (plan, confidence), passed = self._by_crew(), False
            self._record_plan(PlanSubmitted(plan=plan, source="planning crew", confidence=confidence))
        check_models(request, plan)
        checks = [task.id for task in plan.tasks if task.checks]
        if context.sandbox is None and (checks or context.settings.checks.commands):
            raise Refused(
                "the plan has checks, and no sandbox works here to run them in",
                hint="devassist doctor, or --unsafe-no-sandbox to run them unprotected",
            )
        if passed or request.plan_only:
            return plan
        return self._approved(plan)

    def _of_one_task(self) -> Plan:
        """The goal itself as the only task, as a person wanted it."""
        goal, size = self.context.request.goal, self.context.request.crew
        if not goal.strip():
            raise DevassistError("there is no goal to work on")
        title = goal.strip().splitlines()[0][:_LONGEST_TITLE]
        task = PlanTask(
            id="t1", title=title, role=Role.CODER, instructions=goal, tester=size is CrewSize.CREW
        )
        plan = Plan(goal=goal, tasks=(task,))
        decision = DecisionMade(
            who="person",
            question="how large a crew does the goal need?",
            options=(CrewSize.SOLO, CrewSize.CREW, CrewSize.PLAN),
            choice=size,
            reason="; ".join(part for part in (f"--crew {size}", self.context.estimated(plan)) if part),
            confidence=1.0,
        )
        self.context.journal.record(Event(decision, task=PLANNING))
        return plan

    def _record_plan(self, submitted: PlanSubmitted) -> None:
        context = self.context
        context.journal.record(Event(submitted))
        for task, earlier in submitted.plan.sequenced().items():
            text = f"task {task} may write the same paths as {', '.join(earlier)}, so it starts after"
            context.journal.record(Event(WarningRaised(text=text)))

    def _by_crew(self) -> tuple[Plan, float]:
        """The planning crew's plan and its confidence. It runs again whenever a person has answered its question."""
        context = self.context
        again, deaths = context.request.resumed, 0
        while True:
            step = PlanningStep(
                context=context,
                task_id=PLANNING,
                worktrees=self.worktrees,
                size=context.request.crew,
                again=again,
                known_failures=self.known_failures,
            )
            again = True
            try:
                plan = step.run()
            except Diverged as error:
                record_retry(context, PLANNING, reason=str(error), who="policy")
            except WorkerDied as error:
                deaths += 1
                if deaths > _LIVES:
                    raise Unfinished(str(error), hint=f"devassist resume {context.run}") from error
            except Parked as parked:
                if not context.request.waits:
                    raise
                while is_open(context, parked.approval):
                    self._wait()
            else:
                return plan, step.confidence

    def _approved(self, plan: Plan) -> Plan:
        """The plan, or what a person made of it."""
        context = self.context
        confidence = context.journal.state.plan_confidence
        request = ApprovalRequest(
            kind="plan",
            question=f"run this plan of {counted(len(plan.tasks), 'task')}?",
            binds_to=digest({"schema": SCHEMA, **asdict(plan)}),
            task=PLANNING,
            confidence=confidence,
            shown=Shown(plan=plan),
        )
        policy = decide(context.settings.approvals, kind="plan", confidence=confidence)
        decision = DecisionMade(
            who="policy",
            question=request.question,
            options=("approve", "ask", "leave"),
            choice=str(policy.choice),
            reason=policy.reason,
            confidence=confidence,
        )
        if policy.choice is not Choice.ASK or not context.request.resumed:
            context.journal.record(Event(decision, task=PLANNING))
        if policy.choice is Choice.APPROVE:
            return plan
        if policy.choice is Choice.LEAVE:
            raise Refused(
                f"the plan is not approved: {policy.reason}", hint="pass it with --plan to approve it"
            )
        return self._decided(plan, self._await_decision(request, policy.reason))

    def _await_decision(self, request: ApprovalRequest, reason: str) -> ApprovalState:
        """Raises WaitingForPerson if the run may not wait."""
        context = self.context
        while (decision := decision_on(context, request)) is None:
            if not context.request.waits:
                raise WaitingForPerson(
                    f"the plan waits for approval: {reason}",
                    hint=f"devassist inbox, devassist approve ID, devassist resume {context.run}",
                )
            self._wait()
        return decision

    def _decided(self, plan: Plan, decision: ApprovalState) -> Plan:
        """The plan that a person approved, as they changed it. Raises Unfinished if they rejected it."""
        if decision.status is ApprovalStatus.REJECTED:
            reason = decision.reason or "no reason given"
            raise Unfinished(f"the plan was rejected by {decision.who}: {reason}")
        if decision.edited is None:
            return plan
        edited = replace(decision.edited, goal=plan.goal)
        submitted = PlanSubmitted(plan=edited, source="file", edited_by=decision.who)
        self.context.journal.record(Event(submitted))
        return edited

    def _wait(self) -> None:
        """Until something may have changed; the state says what. Raises Interrupted or LimitReached."""
        self.context.check_stop()
        self.inbox.take(timeout_s=_POLL_S)
