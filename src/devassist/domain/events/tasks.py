"""What happens to a plan and to its tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from devassist.domain.events.kinds import EventType
from devassist.domain.plan import Plan
from devassist.domain.statuses import Outcome, TaskStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSubmitted:
    """A plan that may run. `source` is file, goal, planning crew or conflict; `edited_by` the person who changed it."""

    type: ClassVar[EventType] = EventType.PLAN_SUBMITTED
    plan: Plan
    source: str = ""
    confidence: float | None = None
    edited_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRejected:
    """A submitted plan that cannot run, with every reason."""

    type: ClassVar[EventType] = EventType.PLAN_REJECTED
    role: str = ""
    reason: str = ""
    round: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStarted:
    """A task's crew begins. `start` is the commit its first agent begins at."""

    type: ClassVar[EventType] = EventType.TASK_STARTED
    title: str = ""
    role: str = ""
    start: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDelivered:
    """A task's work is done and not landed yet. `built_on` names tasks whose commits its branch holds."""

    type: ClassVar[EventType] = EventType.TASK_DELIVERED
    commit: str = ""
    confidence: float | None = None
    rounds: int = 0
    start: str = ""
    built_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFinished:
    """How a task stands at the end of its work or its landing."""

    type: ClassVar[EventType] = EventType.TASK_FINISHED
    status: TaskStatus
    error: str = ""
    confidence: float | None = None
    outcome: Outcome = Outcome.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRetried:
    """A task begins anew; `round` is the first of the new attempt."""

    type: ClassVar[EventType] = EventType.TASK_RETRIED
    round: int = 1
    reason: str = ""
    who: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundStarted:
    """A round of a task begins, counted from 1 over all attempts."""

    type: ClassVar[EventType] = EventType.ROUND_STARTED
    round: int = 1
