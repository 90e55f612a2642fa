"""Which delivered task lands next: one at a time, in a thread of its own, so that no start waits for its checks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, Self

from devassist.domain.errors import Interrupted, LimitReached
from devassist.domain.events import Event, TaskFinished
from devassist.domain.plan import Plan, PlanTask
from devassist.domain.statuses import Outcome, TaskStatus
from devassist.engine.approval_requests import is_open
from devassist.engine.context import RunContext
from devassist.engine.landing.approval import Landing
from devassist.engine.results import StepResult
from devassist.engine.run.inbox import GroupArranged, Inbox, LandingBroke, LandingEnded, Message
from devassist.engine.run.landing_order import Groups, arranged, groups

_BELOW = ""
"""In place of an approval's id: the landing waits for a task it builds on."""


class Lander(Protocol):
    """Lands delivered tasks, one at a time."""

    def land(self, task: PlanTask, step: StepResult) -> Landing:
        """Record how the task ends. Raises Interrupted or LimitReached if the run is over before it is decided."""


@dataclass
class Landings:
    """
    Owned by the coordinator; the landing thread only gets values and posts messages.

    The order depends on the plan and on what was delivered, so that the same run gives the same tree: plan order, but
    for tasks that may be in each other's way. A parked task lands when its person has answered; nothing waits for it.
    """

    context: RunContext
    plan: Plan
    lander: Lander
    inbox: Inbox
    settled: set[str] = field(default_factory=set)
    """Tasks whose landing is decided."""
    busy: bool = False
    """Whether the landing thread is at work."""
    error: BaseException | None = None
    """What broke a landing: nothing lands any more."""
    _waiting: dict[str, str] = field(default_factory=dict)
    """Task -> the approval that its landing waits for."""
    _due: list[str] = field(default_factory=list)
    _order: Sequence[str] = field(init=False)
    _groups: Groups = field(init=False)
    _thread: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        self._order, self._groups = list(self.plan.order()), groups(self.plan)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="landing")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._thread.shutdown()

    @property
    def waiting(self) -> bool:
        """Whether a landing waits for a person."""
        return bool(self._waiting)

    def advance(self, results: Mapping[str, StepResult], parked: Collection[str]) -> None:
        """Give the landing thread its next piece of work, if it is idle and there is one."""
        if self.busy or self.error is not None:
            return
        if any(self._may_land_now(name, approval, results) for name, approval in self._waiting.items()):
            self._due = [*(name for name in self._order if name in self._waiting), *self._due]
        while not self.busy:
            if not self._due and not self._take_next(results, parked):
                return
            if self._due:
                self._land(self._due.pop(0), results)

    def take(self, message: GroupArranged | LandingEnded | LandingBroke) -> None:
        """What the landing thread has to say."""
        self.busy = False
        if isinstance(message, GroupArranged):
            self._due = [name for name in message.tasks if not self._is_out(name)]
        elif isinstance(message, LandingBroke):
            self.error = self.error or message.error
        elif message.landing is not None and message.landing.status is TaskStatus.WAITING:
            self._waiting[message.task] = message.landing.awaits
        else:
            self.settled.add(message.task)

    def forget(self, task: str) -> None:
        """A task begins anew: its landing is no longer decided."""
        self.settled.discard(task)
        self._waiting.pop(task, None)

    def _is_out(self, name: str) -> bool:
        return name in self.settled or name in self._waiting

    def _take_next(self, results: Mapping[str, StepResult], parked: Collection[str]) -> bool:
        """Make the next tasks due, or have a group arranged. False if the order does not allow any."""
        for name in self._order:
            if self._is_out(name) or name in parked:
                continue
            together = [task for task in self._groups.get(name, (name,)) if task not in parked]
            if any(task not in results for task in together):
                return False
            if len(together) == 1:
                self._due.append(name)
                return True
            delivered = {task: results[task] for task in together}
            self._work(partial(self._arranged, together, delivered))
            return True
        return False

    def _land(self, name: str, results: Mapping[str, StepResult]) -> None:
        if name not in results:
            return  # it was retried meanwhile
        self._waiting.pop(name, None)
        task, result = self.plan.task(name), results[name]
        if result.outcome is not Outcome.DELIVERED:
            self.settled.add(name)
        elif self._below(name, result):
            self._waiting[name] = _BELOW
        else:
            self._work(partial(self._landed, task, result))

    def _below(self, name: str, result: StepResult) -> list[str]:
        """The tasks it builds on whose landing waits."""
        below = (*self.plan.task(name).depends_on, *result.built_on)
        return [task for task in below if task in self._waiting]

    def _may_land_now(self, name: str, approval: str, results: Mapping[str, StepResult]) -> bool:
        if approval == _BELOW:
            return name in results and not self._below(name, results[name])
        return not is_open(self.context, approval)

    # On the landing thread ------------------------------------------------------------------------------------

    def _work(self, work: Callable[[], Message]) -> None:
        self.busy = True

        def act() -> None:
            try:
                self.inbox.post(work())
            except BaseException as error:  # noqa: BLE001  the coordinator raises it
                self.inbox.post(LandingBroke(error))

        self._thread.submit(act)

    def _arranged(self, together: Sequence[str], results: Mapping[str, StepResult]) -> GroupArranged:
        return GroupArranged(arranged(self.context, self.plan, together, results))

    def _landed(self, task: PlanTask, result: StepResult) -> LandingEnded:
        try:
            return LandingEnded(task.id, self.lander.land(task, result))
        except (Interrupted, LimitReached) as error:
            finished = TaskFinished(
                status=TaskStatus.DELIVERED, error=f"not merged: {error}", outcome=Outcome.UNLANDED
            )
            self.context.journal.record(Event(finished, task=task.id))
            return LandingEnded(task.id, None)
