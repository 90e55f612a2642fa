"""Owns a run: plans, starts what is ready, lands what is delivered, and ends with the truth."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from devassist.domain.approvals import Choice, decide
from devassist.domain.errors import DevassistError, LimitReached, ModelError, Refused, WaitingForPerson
from devassist.domain.events import Event, EventType
from devassist.domain.hashing import digest
from devassist.domain.ids import PLANNING, base_ref
from devassist.domain.plan import Plan
from devassist.domain.run import RunState, RunStatus
from devassist.domain.settings import Settings
from devassist.domain.tasks import TaskStatus
from devassist.engine.checks import Checks
from devassist.engine.context import RunContext
from devassist.engine.integrate import Head, Integrator
from devassist.engine.mending import Mender
from devassist.engine.places import Places
from devassist.engine.planning import PlanningStep
from devassist.engine.report import markdown
from devassist.engine.schedule import Schedule
from devassist.engine.serving import Parked, park
from devassist.engine.step import StepResult
from devassist.engine.stop import sweep

_GRACE_S = 3.0
_EXIT_OF = {RunStatus.SUCCEEDED: 0, RunStatus.PARTIAL: 1, RunStatus.FAILED: 1, RunStatus.WAITING: 3}


@dataclass
class Supervisor:
    """Runs one run to its end. `execute` returns when nothing of it is alive any more."""

    context: RunContext
    head: Head
    database: str = ""
    _plan_confidence: float = 0.0
    _model_error: StepResult | None = None

    def execute(self) -> RunState:
        """Start to finish. The state's exit code is contract 1's; AuditError comes through."""
        context = self.context
        places = Places(context=context)
        checks = Checks(context=context, places=places)
        context.stop.on_stop.append(self._on_stop)
        self._start()
        clock = self._arm_clock()
        error: DevassistError | None = None
        try:
            with context.repository.hold_gc(context.pid):
                plan = context.request.plan or self._plan(places)
                self._take(plan)
                if not context.request.plan_only:
                    self._work(plan, places, checks)
        except Parked as parked:
            error = WaitingForPerson(f"waits for a person: {parked}")
        except DevassistError as caught:
            error = caught
        finally:
            clock.cancel()
            context.executor.close()
            sweep(context.run)
        checks.close()
        places.rescue()
        return self._finish(places, error)

    def _start(self) -> None:
        request, context = self.context.request, self.context
        settings = request.settings
        context.repository.create_ref(base_ref(context.run), request.base)
        data = {
            "goal": request.goal,
            "base": request.base,
            "branch": context.repository.head_branch or "",
            "prefix": request.prefix,
            "settings": _as_json(settings),
            "settings_digest": digest(_as_json(settings)),
            "models": {role: list(models) for role, models in request.models.items()},
            "sandbox": context.sandbox.tier if context.sandbox is not None else "",
            "repository": str(context.repository.root),
            **request.facts,
        }
        context.journal.record(Event(type=EventType.RUN_STARTED, data=data))
        for text in request.warnings:
            context.journal.record(Event(type=EventType.WARNING_RAISED, data={"text": text}))

    def _plan(self, places: Places) -> Plan:
        step = PlanningStep(context=self.context, task_id=PLANNING, places=places)
        plan = step.run()
        self._plan_confidence = step.confidence
        return plan

    def _take(self, plan: Plan) -> None:
        """Record the plan and hold it against the policy. A plan that was passed counts as approved."""
        context = self.context
        given = context.request.plan is not None
        data = {"plan": plan.as_json(), "source": "file" if given else "planning crew"}
        context.journal.record(Event(type=EventType.PLAN_SUBMITTED, data=data))
        for one, other in plan.overlaps():
            text = f"tasks {one} and {other} may write the same paths and neither waits for the other"
            context.journal.record(Event(type=EventType.WARNING_RAISED, data={"text": text}))
        needs = [task.id for task in plan.tasks if task.checks]
        if context.sandbox is None and (needs or context.settings.checks.commands):
            raise Refused(
                "the plan has checks, and no sandbox works here to run them in",
                hint="devassist doctor, or --unsafe-no-sandbox to run them unprotected",
            )
        if not given and not context.request.plan_only:
            self._approve_plan(plan)

    def _approve_plan(self, plan: Plan) -> None:
        context = self.context
        confidence = self._plan_confidence
        policy = decide(context.settings.approvals, kind="plan", confidence=confidence)
        question = f"run this plan of {len(plan.tasks)} tasks?"
        decision = {
            "who": "policy",
            "question": question,
            "options": ["approve", "ask", "leave"],
            "choice": str(policy.choice),
            "reason": policy.reason,
            "confidence": confidence,
        }
        context.journal.record(Event(type=EventType.DECISION_MADE, task=PLANNING, data=decision))
        if policy.choice is Choice.APPROVE:
            return
        if policy.choice is Choice.LEAVE:
            raise Refused(
                f"the plan is not approved: {policy.reason}", hint="pass it with --plan to approve it"
            )
        park(
            context,
            PLANNING,
            "",
            kind="plan",
            question=question,
            options=["approve", "reject"],
            binds_to=digest(plan.as_json()),
            confidence=confidence,
        )
        raise WaitingForPerson(
            f"the plan waits for approval: {policy.reason}",
            hint=f"devassist show {context.run}, then run it with --plan FILE",
        )

    def _work(self, plan: Plan, places: Places, checks: Checks) -> None:
        integrator = Integrator(
            context=self.context,
            plan=plan,
            checks=checks,
            head=self.head,
            database=self.database,
            mender=Mender(context=self.context, plan=plan, places=places),
        )
        schedule = Schedule(context=self.context, plan=plan, places=places, integrator=integrator)
        try:
            schedule.run()
        finally:
            self._model_error = schedule.model_error

    def _arm_clock(self) -> threading.Timer:
        """Wall time ends even what never asks for a next call: a model that hangs, a command that waits."""
        minutes = self.context.settings.limits.max_minutes

        def over() -> None:
            reason = f"the run has taken its {minutes:g} minutes"
            decision = {
                "who": "policy",
                "question": "go on after the time is over?",
                "options": ["go on", "refuse"],
                "choice": "refuse",
                "reason": reason,
                "confidence": 1.0,
                "limit": "max_minutes",
            }
            self.context.journal.record(Event(type=EventType.DECISION_MADE, data=decision))
            self.context.stop.pull("limited", reason, exit_code=LimitReached.exit_code)
            kill = threading.Timer(_GRACE_S, self._kill)
            kill.daemon = True
            kill.start()

        timer = threading.Timer(minutes * 60 if minutes else threading.TIMEOUT_MAX, over)
        timer.daemon = True
        timer.start()
        return timer

    def _on_stop(self) -> None:
        """A person's stop leaves a moment to finish the current call; a limit leaves as long as it takes."""
        stop = self.context.stop
        if stop.now:
            self._kill()
        elif stop.outcome == "stopped":
            timer = threading.Timer(_GRACE_S, self._kill)
            timer.daemon = True
            timer.start()

    def _kill(self) -> None:
        self.context.executor.kill_all()
        if self.context.sandbox is not None:
            self.context.sandbox.cancel_all()

    def _finish(self, places: Places, error: DevassistError | None) -> RunState:
        context = self.context
        state = context.journal.state
        merged = [task.id for task in state.work() if task.status is TaskStatus.MERGED]
        delivered = [
            task.id for task in state.work() if task.status is TaskStatus.DELIVERED and not task.error
        ]
        places.give_back([*merged, *delivered, PLANNING])
        status, code = self._verdict(state, error)
        report = context.reports / f"{context.run}.md"
        why = str(error) if error is not None else context.stop.reason
        hint = error.hint if error is not None else context.stop.hint
        if not why and status is RunStatus.FAILED and self._model_error is not None:
            why, hint = self._model_error.reason, self._model_error.hint
        data: dict[str, Any] = {
            "status": str(status),
            "exit_code": code,
            "result_commit": state.result_commit,
            "usage": state.usage(),
            "wall_s": round(context.elapsed_s(), 3),
            "journal_s": round(context.journal.waited_s, 3),
            "report": str(report),
            "error": why,
            "hint": hint,
        }
        context.journal.record(Event(type=EventType.RUN_FINISHED, data=data))
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text(markdown(state), encoding="utf-8")
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


def _as_json(settings: Settings) -> Mapping[str, Any]:
    return asdict(settings)
