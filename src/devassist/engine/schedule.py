"""Which task runs when: what is ready starts, at most so many at once, and what is delivered lands in plan order."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from devassist.domain.errors import DevassistError, Interrupted, LimitReached, ModelError
from devassist.domain.events import Event, EventType
from devassist.domain.handoffs import Handoff
from devassist.domain.plan import Plan, PlanTask
from devassist.engine.context import RunContext
from devassist.engine.integrate import Integrator
from devassist.engine.places import Places
from devassist.engine.starting import Start, start_of
from devassist.engine.step import StepResult, TaskStep

_DRAIN_S = 3.0
_FATAL_KINDS = frozenset({"auth", "not_found", "no_tools", "config"})


@dataclass
class Schedule:
    """Runs the tasks of one plan to their ends. A bug in one step ends them all and is raised."""

    context: RunContext
    plan: Plan
    places: Places
    integrator: Integrator
    model_error: StepResult | None = None
    """The first task that a model or provider ended, after all retries."""
    _outcomes: queue.Queue[StepResult | BaseException] = field(default_factory=queue.Queue)
    _results: dict[str, StepResult] = field(default_factory=dict)

    def run(self) -> None:
        """Returns when every task has ended and all that can land has landed."""
        order = list(self.plan.order())
        running: set[str] = set()
        landing = list(order)
        # Landing runs checks, which take time: in a thread of its own, one at a time, so that no start waits for it.
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="landing") as lander:
            landings = [lander.submit(lambda: None)]
            while len(self._results) < len(self.plan.tasks):
                self._start_ready(order, running)
                if not running:
                    break
                outcome = self._outcomes.get()
                if isinstance(outcome, BaseException):
                    self.context.stop.pull("failed", str(outcome), exit_code=70, now=True)
                    self._drain(len(running) - 1)
                    raise outcome
                running.discard(outcome.task)
                self._take_result(outcome)
                landings.append(lander.submit(self._land_next, landing))
            landings.append(lander.submit(self._land_next, landing))
            for one in landings:
                one.result()

    def _start_ready(self, order: list[str], running: set[str]) -> None:
        limit = self.context.settings.limits.max_parallel or len(order)
        for name in [one for one in order if one not in running and one not in self._results]:
            task = self.plan.task(name)
            if self.context.stop.pulled:
                self._take_result(StepResult(task=name, outcome="stopped", reason=self.context.stop.reason))
                continue
            awaited = [*task.depends_on, *self.plan.sequenced().get(name, ())]
            missing = [one for one in awaited if one not in self._results]
            unmet = [
                one
                for one in task.depends_on
                if one in self._results and self._results[one].outcome != "delivered"
            ]
            if unmet:
                reason = f"it depends on {unmet[0]}, which was not delivered"
                self._take_result(StepResult(task=name, outcome="stopped", reason=reason))
            elif not missing and len(running) < limit:
                running.add(name)
                self._start_step(task)

    def _start_step(self, task: PlanTask) -> None:
        def work() -> None:
            try:
                start = self._start_of(task)
                step = TaskStep(
                    context=self.context,
                    task_id=task.id,
                    plan=self.plan,
                    task=task,
                    places=self.places,
                    start=start.commit,
                    built_on=start.built_on,
                    upstream=self._upstream(start.built_on),
                )
                self._outcomes.put(step.run())
            except DevassistError as error:
                if error.exit_code == DevassistError.exit_code:
                    self._outcomes.put(error)
                else:
                    self._outcomes.put(
                        StepResult(task=task.id, outcome="failed", reason=str(error), hint=error.hint)
                    )
            except BaseException as error:  # noqa: BLE001  a thread's bug must end the run, not the thread
                self._outcomes.put(error)

        threading.Thread(target=work, name=f"task-{task.id}", daemon=True).start()

    def _start_of(self, task: PlanTask) -> Start:
        delivered = {one.task: one.commit for one in self._results.values() if one.outcome == "delivered"}
        return start_of(self.context, self.plan, task, delivered)

    def _upstream(self, tasks: Sequence[str]) -> Sequence[tuple[str, Handoff]]:
        found = [(one, self._results[one].handoff) for one in tasks]
        return [(name, handoff) for name, handoff in found if handoff is not None]

    def _take_result(self, result: StepResult) -> None:
        self._results[result.task] = result
        if result.outcome == "delivered":
            return
        stop = self.context.stop
        if result.outcome == "error":
            self.model_error = self.model_error or result
            if result.kind in _FATAL_KINDS:
                # A key that is wrong for one task is wrong for all: the others stop, what they did is kept.
                stop.pull("failed", result.reason, exit_code=ModelError.exit_code, hint=result.hint)
        elif result.outcome == "limited":
            stop.pull("limited", result.reason, exit_code=LimitReached.exit_code)
        status = {"failed": "failed", "error": "failed", "waiting": "waiting"}.get(result.outcome, "stopped")
        data = {"status": status, "error": result.reason}
        self.context.journal.record(Event(type=EventType.TASK_FINISHED, task=result.task, data=data))

    def _land_next(self, landing: list[str]) -> None:
        """Land as far as the order allows. Always in plan order, so that the same run gives the same tree."""
        while landing and landing[0] in self._results:
            name = landing.pop(0)
            result = self._results[name]
            if result.outcome != "delivered":
                continue
            try:
                self.integrator.land(self.plan.task(name), result)
            except (Interrupted, LimitReached) as error:
                data = {"status": "delivered", "error": f"not merged: {error}"}
                self.context.journal.record(Event(type=EventType.TASK_FINISHED, task=name, data=data))

    def _drain(self, running: int) -> None:
        """Let the other steps end before the bug is raised: their workers are killed already."""
        for _ in range(running):
            try:
                self._outcomes.get(timeout=_DRAIN_S)
            except queue.Empty:
                return
