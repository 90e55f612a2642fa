"""What the other threads of a run tell its coordinator: values in a queue, one class per message."""

from __future__ import annotations

import queue
from collections.abc import Sequence
from dataclasses import dataclass, field

from devassist.engine.landing.approval import Landing
from devassist.engine.results import StepResult


@dataclass(frozen=True, slots=True)
class StepEnded:
    """A task's thread has ended."""

    result: StepResult


@dataclass(frozen=True, slots=True)
class StepBroke:
    """A defect, or an audit log that cannot be written, ended a task's thread: it ends the run."""

    task: str
    error: BaseException


@dataclass(frozen=True, slots=True)
class GroupArranged:
    """The landing thread has put the tasks of a group in the order to land them."""

    tasks: Sequence[str]


@dataclass(frozen=True, slots=True)
class LandingEnded:
    """A landing is through; `landing` is None if the end of the run cut it off."""

    task: str
    landing: Landing | None


@dataclass(frozen=True, slots=True)
class LandingBroke:
    """An error ended a landing: it ends the run once the tasks at work have ended."""

    error: BaseException


@dataclass(frozen=True, slots=True)
class LogChanged:
    """Another process recorded something about the run. The fold has it already, so this carries nothing."""


Message = StepEnded | StepBroke | GroupArranged | LandingEnded | LandingBroke | LogChanged


@dataclass(frozen=True, slots=True)
class Inbox:
    """The coordinator's queue. Any thread posts; only the coordinator takes."""

    _queue: queue.SimpleQueue[Message] = field(default_factory=queue.SimpleQueue)

    def post(self, message: Message) -> None:
        self._queue.put(message)

    def take(self, *, timeout_s: float) -> Message | None:
        """The next message; None if there is none within `timeout_s` seconds."""
        try:
            return self._queue.get(timeout=timeout_s)
        except queue.Empty:
            return None
