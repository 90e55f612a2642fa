"""Which task runs when: what is ready starts, at most so many at once, and what is delivered lands in its turn."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from devassist.domain.errors import DevassistError, ModelError
from devassist.domain.events import Event, TaskFinished, TaskRetried, WarningRaised
from devassist.domain.plan import Plan, PlanTask
from devassist.domain.statuses import Outcome, TaskStatus
from devassist.engine.approval_requests import is_open
from devassist.engine.context import RunContext
from devassist.engine.results import StepResult
from devassist.engine.run.inbox import Inbox, LogChanged, Message, StepBroke, StepEnded
from devassist.engine.run.landings import Lander, Landings
from devassist.engine.run.steps import Delivered, Steps

_POLL_S = 0.5
_DRAIN_S = 3.0
_LIVES = 2
"""How often a crew whose process died is started again within one session."""
_STATUS_OF = {
    Outcome.FAILED: TaskStatus.FAILED,
    Outcome.ERROR: TaskStatus.FAILED,
    Outcome.DIED: TaskStatus.FAILED,
    Outcome.BROKEN: TaskStatus.FAILED,
    Outcome.WAITING: TaskStatus.WAITING,
}
"""The status of a task that was not delivered; stopped for all other outcomes."""
_FATAL_KINDS = frozenset({"auth", "not_found", "no_tools", "config"})


@dataclass
class Schedule:
    """
    The coordinator of one plan: owns its results, its parked tasks and its landings, and runs the tasks to their ends.

    Every pass looks at the state anew: what a message says is only that there may be something to see. A defect in
    one step ends them all and is raised. `results` may hold what an earlier supervisor of the run brought about.
    """

    context: RunContext
    plan: Plan
    steps: Steps
    lander: Lander
    inbox: Inbox = field(default_factory=Inbox)
    results: dict[str, StepResult] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)
    """Delivered tasks whose landing is decided already."""
    model_error: StepResult | None = None
    """The first task that a model or provider ended, after all retries."""
    _begun: set[str] = field(default_factory=set)
    _running: set[str] = field(default_factory=set)
    _parked: dict[str, StepResult] = field(default_factory=dict)
    """Tasks that wait for a person; the result names the approval."""
    _deaths: dict[str, int] = field(default_factory=dict)
    _landings: Landings = field(init=False)

    def __post_init__(self) -> None:
        self._order = list(self.plan.order())
        self._landings = Landings(self.context, self.plan, self.lander, self.inbox, self.settled)

    def run(self) -> None:
        """Returns when every task has ended, or when all that is left waits for a person who may not be waited for."""
        with self._landings:
            self._advance()
            while self._running or self._landings.busy or self._worth_waiting():
                message = self.inbox.take(timeout_s=_POLL_S)
                if message is not None:
                    self._take(message)
                self._advance()
        if self._landings.error is not None:
            raise self._landings.error

    def _advance(self) -> None:
        """Bring everything as far as the state allows."""
        if not self.context.stop.pulled:
            self._unpark_decided()
            self._forget_retried()
        self._start_ready()
        self._landings.advance(self.results, self._parked)

    def _take(self, message: Message) -> None:
        if isinstance(message, StepEnded):
            self._running.discard(message.result.task)
            self._take_result(message.result)
        elif isinstance(message, StepBroke):
            self._running.discard(message.task)
            self.context.stop.pull(Outcome.FAILED, str(message.error), exit_code=70, now=True)
            self._drain()
            raise message.error
        elif not isinstance(message, LogChanged):
            self._landings.take(message)

    def _worth_waiting(self) -> bool:
        """Whether a person's answer may still change something."""
        waiting = bool(self._parked) or (self._landings.waiting and self._landings.error is None)
        return waiting and self.context.request.waits and not self.context.stop.pulled

    def _unpark_decided(self) -> None:
        for result in list(self._parked.values()):
            if not is_open(self.context, result.awaits):
                del self._parked[result.task]

    def _forget_retried(self) -> None:
        for name in [task for task in self._order if task not in self._running]:
            ended = self.results.get(name) or self._parked.get(name)
            if ended is not None and ended.attempt < self._attempt_of(name):
                self._forget(name)

    def _attempt_of(self, name: str) -> int:
        """The round that the task's present attempt began with, by the log."""
        with self.context.journal.lock:
            state = self.context.journal.state.tasks.get(name)
            return state.first_round if state is not None else 1

    def _forget(self, name: str) -> None:
        """A retried task begins anew, and so does what could not begin because of it."""
        self.results.pop(name, None)
        self._parked.pop(name, None)
        self._landings.forget(name)
        for other in self._order:
            stopped = other in self.results and self.results[other].outcome is Outcome.STOPPED
            if stopped and name in self.plan.task(other).depends_on:
                self._forget(other)

    def _start_ready(self) -> None:
        limit = self.context.share(self.context.settings.limits.max_parallel or len(self._order))
        for name in self._order:
            if name in self._running or name in self.results or name in self._parked:
                continue
            task = self.plan.task(name)
            if self.context.stop.pulled:
                self._stop_short(name, self.context.stop.reason)
                continue
            awaited = [*task.depends_on, *self.plan.sequenced().get(name, ())]
            missing = [earlier for earlier in awaited if earlier not in self.results]
            ended = [self.results[earlier] for earlier in task.depends_on if earlier in self.results]
            unmet = [result.task for result in ended if result.outcome is not Outcome.DELIVERED]
            if unmet:
                self._stop_short(name, f"it depends on {unmet[0]}, which was not delivered")
            elif not missing and len(self._running) < limit:
                self._running.add(name)
                self._start_step(task)

    def _stop_short(self, name: str, reason: str) -> None:
        """End a task that is not begun."""
        attempt = self._attempt_of(name)
        self._take_result(StepResult(task=name, outcome=Outcome.STOPPED, reason=reason, attempt=attempt))

    def _start_step(self, task: PlanTask) -> None:
        again = task.id in self._begun
        self._begun.add(task.id)
        results = self.results.values()  # the thread gets values: the results are the coordinator's alone
        delivered = Delivered(
            commits={done.task: done.commit for done in results if done.outcome is Outcome.DELIVERED},
            handoffs={done.task: done.handoff for done in results if done.handoff is not None},
        )

        def work() -> None:
            self.inbox.post(self._step(task, delivered, again=again))

        threading.Thread(target=work, name=f"task-{task.id}", daemon=True).start()

    def _step(self, task: PlanTask, delivered: Delivered, *, again: bool) -> StepEnded | StepBroke:
        """One task to its end, on a thread of its own."""
        try:
            return StepEnded(self.steps.run(task, delivered, again=again))
        except DevassistError as error:
            if error.exit_code == DevassistError.exit_code:
                return StepBroke(task.id, error)
            attempt = self._attempt_of(task.id)
            reason, hint = str(error), error.hint
            return StepEnded(
                StepResult(task=task.id, outcome=Outcome.FAILED, reason=reason, hint=hint, attempt=attempt)
            )
        except BaseException as error:  # noqa: BLE001  a thread's bug must end the run, not the thread
            return StepBroke(task.id, error)

    def _take_result(self, result: StepResult) -> None:
        name = result.task
        if result.outcome is Outcome.DIVERGED:
            # What is recorded does not fit any more: the attempt begins anew, and keeps what was committed.
            record_retry(self.context, name, reason=result.reason, who="policy")
            return
        if (
            result.outcome is Outcome.DIED
            and self._deaths.setdefault(name, 0) < _LIVES
            and not self.context.stop.pulled
        ):
            # Killed from outside, or out of memory: the crew goes on from the log in another process.
            self._deaths[name] += 1
            text = f"task {name}: {result.reason}; it goes on in another one"
            self.context.journal.record(Event(WarningRaised(text=text), task=name))
            return
        if result.outcome is Outcome.WAITING:
            self._parked[name] = result
        else:
            self.results[name] = result
        if result.outcome is Outcome.DELIVERED:
            return
        stop = self.context.stop
        if result.outcome is Outcome.ERROR:
            self.model_error = self.model_error or result
            if result.kind in _FATAL_KINDS:
                # A key that is wrong for one task is wrong for all: the others stop, what they did is kept.
                stop.pull(Outcome.FAILED, result.reason, exit_code=ModelError.exit_code, hint=result.hint)
        status = _STATUS_OF.get(result.outcome, TaskStatus.STOPPED)
        finished = TaskFinished(status=status, error=result.reason, outcome=result.outcome)
        self.context.journal.record(Event(finished, task=name))

    def _drain(self) -> None:
        """Let the other steps end before the defect is raised: their workers are killed already."""
        while self._running:
            message = self.inbox.take(timeout_s=_DRAIN_S)
            if message is None:
                return
            if isinstance(message, StepEnded):
                self._running.discard(message.result.task)
            elif isinstance(message, StepBroke):
                self._running.discard(message.task)


def record_retry(context: RunContext, task: str, *, reason: str, who: str) -> None:
    """The task's next attempt begins a round after its last."""
    state = context.journal.state.tasks.get(task)
    rounds = state.rounds if state is not None else 0
    retried = TaskRetried(round=rounds + 1, reason=reason, who=who)
    context.journal.record(Event(retried, task=task))
