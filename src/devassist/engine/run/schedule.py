"""Which task runs when: what is ready starts, at most so many at once, and what is delivered lands in its turn."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from devassist.domain.errors import DevassistError, Interrupted, LimitReached, ModelError
from devassist.domain.events import Event, EventType
from devassist.domain.handoffs import Handoff
from devassist.domain.plan import Plan, PlanTask
from devassist.domain.statuses import TaskStatus
from devassist.engine.context import RunContext
from devassist.engine.crews.run_worktrees import Places
from devassist.engine.crews.task_step import TaskStep
from devassist.engine.landing.integrator import Integrator
from devassist.engine.results import StepResult
from devassist.engine.run.landing_order import Groups, arranged, groups
from devassist.engine.starts import Start, start_of

_DRAIN_S = 3.0
_LIVES = 2
"""How often a crew whose process died is taken up again within one session."""
_STATUS_OF = {
    "failed": "failed",
    "error": "failed",
    "died": "failed",
    "broken": "failed",
    "waiting": "waiting",
}
_FATAL_KINDS = frozenset({"auth", "not_found", "no_tools", "config"})


@dataclass(frozen=True, slots=True)
class Wake:
    """Something was decided about a task from outside: a person's answer, or a retry."""

    task: str
    retry: bool = False


@dataclass
class Schedule:
    """
    Runs the tasks of one plan to their ends. A bug in one step ends them all and is raised.

    `results` may hold what an earlier supervisor of the run brought about, `again` the tasks it began.
    """

    context: RunContext
    plan: Plan
    places: Places
    integrator: Integrator
    inbox: queue.Queue[StepResult | Wake | BaseException] = field(default_factory=queue.Queue)
    results: dict[str, StepResult] = field(default_factory=dict)
    again: set[str] = field(default_factory=set)
    settled: set[str] = field(default_factory=set)
    """Delivered tasks whose landing is decided already."""
    model_error: StepResult | None = None
    """The first task that a model or provider ended, after all retries."""
    _order: list[str] = field(default_factory=list)
    _running: set[str] = field(default_factory=set)
    _parked: set[str] = field(default_factory=set)
    _unlanded: set[str] = field(default_factory=set)
    """Delivered, and waiting to land: for a person's word, or for a task they build on."""
    _deaths: dict[str, int] = field(default_factory=dict)
    _groups: Groups = field(default_factory=dict)
    _landings: list[Future[None]] = field(default_factory=list)

    def run(self) -> None:
        """Returns when every task has ended, or when all that is left waits for a person who may not be waited for."""
        self._order, self._groups = list(self.plan.order()), groups(self.plan)
        # Landing runs checks, which take time: in a thread of its own, one at a time, so that no start waits for it.
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="landing") as lander:
            landing = [name for name in self._order if name not in self.settled]
            self._landings = [lander.submit(self._land_next, landing)]
            while True:
                self._start_ready()
                if not self._running and not self._worth_waiting():
                    break
                message = self._next()
                if isinstance(message, BaseException):
                    self.context.stop.pull("failed", str(message), exit_code=70, now=True)
                    self._drain(len(self._running) - 1)
                    raise message
                if isinstance(message, Wake):
                    self._woken(message, landing, lander)
                elif message is not None:
                    self._running.discard(message.task)
                    self._take_result(message)
                    self._landings.append(lander.submit(self._land_next, landing))
            self._landings.append(lander.submit(self._land_next, landing))
            for one in self._landings:
                one.result()

    def _next(self) -> StepResult | Wake | BaseException | None:
        try:
            return self.inbox.get(timeout=0.5)
        except queue.Empty:
            return None

    def _worth_waiting(self) -> bool:
        """Whether a person's answer may still change something, once every landing is through."""
        for one in self._landings:
            one.result()  # a bug there is raised here, not only at the end
        waiting = bool(self._parked or self._unlanded)
        return waiting and self.context.request.waits and not self.context.stop.pulled

    def _start_ready(self) -> None:
        limit = self.context.share(self.context.settings.limits.max_parallel or len(self._order))
        for name in [one for one in self._order if one not in self._running and one not in self.results]:
            if name in self._parked:
                continue
            task = self.plan.task(name)
            if self.context.stop.pulled:
                self._take_result(StepResult(task=name, outcome="stopped", reason=self.context.stop.reason))
                continue
            awaited = [*task.depends_on, *self.plan.sequenced().get(name, ())]
            missing = [one for one in awaited if one not in self.results]
            unmet = [
                one
                for one in task.depends_on
                if one in self.results and self.results[one].outcome != "delivered"
            ]
            if unmet:
                reason = f"it depends on {unmet[0]}, which was not delivered"
                self._take_result(StepResult(task=name, outcome="stopped", reason=reason))
            elif not missing and len(self._running) < limit:
                self._running.add(name)
                self._start_step(task)

    def _start_step(self, task: PlanTask) -> None:
        again = task.id in self.again
        self.again.add(task.id)

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
                    again=again,
                )
                self.inbox.put(step.run())
            except DevassistError as error:
                if error.exit_code == DevassistError.exit_code:
                    self.inbox.put(error)
                else:
                    self.inbox.put(
                        StepResult(task=task.id, outcome="failed", reason=str(error), hint=error.hint)
                    )
            except BaseException as error:  # noqa: BLE001  a thread's bug must end the run, not the thread
                self.inbox.put(error)

        threading.Thread(target=work, name=f"task-{task.id}", daemon=True).start()

    def _start_of(self, task: PlanTask) -> Start:
        delivered = {one.task: one.commit for one in self.results.values() if one.outcome == "delivered"}
        return start_of(self.context, self.plan, task, delivered)

    def _upstream(self, tasks: Sequence[str]) -> Sequence[tuple[str, Handoff]]:
        found = [(one, self.results[one].handoff) for one in tasks]
        return [(name, handoff) for name, handoff in found if handoff is not None]

    def _take_result(self, result: StepResult) -> None:
        name = result.task
        if result.outcome == "diverged":
            # What is recorded does not fit any more: the attempt begins anew, and keeps what was committed.
            record_retry(self.context, name, reason=result.reason, who="policy")
            return
        if (
            result.outcome == "died"
            and self._deaths.setdefault(name, 0) < _LIVES
            and not self.context.stop.pulled
        ):
            # Killed from outside, or out of memory: the crew goes on from the log in another process.
            self._deaths[name] += 1
            text = f"task {name}: {result.reason}; it goes on in another one"
            self.context.journal.record(Event(type=EventType.WARNING_RAISED, task=name, data={"text": text}))
            return
        if result.outcome == "waiting":
            self._parked.add(name)
        else:
            self.results[name] = result
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
        status = _STATUS_OF.get(result.outcome, "stopped")
        data = {"status": status, "error": result.reason, "outcome": result.outcome}
        self.context.journal.record(Event(type=EventType.TASK_FINISHED, task=name, data=data))

    def _woken(self, message: Wake, landing: list[str], lander: ThreadPoolExecutor) -> None:
        name = message.task
        if message.retry and name in self._order and name not in self._running:
            self._forget(name)
            landing.extend(one for one in self._order if one not in landing and one not in self.results)
        elif name in self._parked:
            self._parked.discard(name)
        elif name in self._unlanded:
            self._landings.append(lander.submit(self._land_again))

    def _forget(self, name: str) -> None:
        """A retried task begins anew, and so does what could not begin because of it."""
        self.results.pop(name, None)
        self._parked.discard(name)
        for other in self._order:
            stopped = other in self.results and self.results[other].outcome == "stopped"
            if stopped and name in self.plan.task(other).depends_on:
                self._forget(other)

    def _land_next(self, landing: list[str]) -> None:
        """
        Land as far as the order allows: plan order, but for tasks that may be in each other's way.

        The order depends on the plan and on what was delivered, so that the same run gives the same tree.
        """
        for name in list(landing):
            if name in self._parked or name not in landing:
                continue  # what is parked lands when its person has answered; nothing else waits for that
            together = [one for one in self._groups.get(name, (name,)) if one not in self._parked]
            if any(one not in self.results for one in together):
                return
            if len(together) > 1:
                together = list(arranged(self.context, self.plan, together, self.results))
            for one in [one for one in together if one in landing]:
                landing.remove(one)
                if self.results[one].outcome == "delivered":
                    self._land(one)

    def _land_again(self) -> None:
        for name in [one for one in self._order if one in self._unlanded]:
            self._land(name)

    def _land(self, name: str) -> None:
        task = self.plan.task(name)
        below = [*task.depends_on, *self.results[name].built_on]
        if any(one in self._unlanded for one in below):
            self._unlanded.add(name)
            return
        self._unlanded.discard(name)
        try:
            landing = self.integrator.land(task, self.results[name])
        except (Interrupted, LimitReached) as error:
            data = {"status": "delivered", "error": f"not merged: {error}", "outcome": "unlanded"}
            self.context.journal.record(Event(type=EventType.TASK_FINISHED, task=name, data=data))
            return
        if landing.status is TaskStatus.WAITING:
            self._unlanded.add(name)

    def _drain(self, running: int) -> None:
        """Let the other steps end before the bug is raised: their workers are killed already."""
        for _ in range(running):
            try:
                self.inbox.get(timeout=_DRAIN_S)
            except queue.Empty:
                return


def record_retry(context: RunContext, task: str, *, reason: str, who: str) -> None:
    """The task's next attempt begins a round after its last."""
    found = context.journal.state.tasks.get(task)
    data = {"round": (found.rounds if found is not None else 0) + 1, "reason": reason, "who": who}
    context.journal.record(Event(type=EventType.TASK_RETRIED, task=task, data=data))
