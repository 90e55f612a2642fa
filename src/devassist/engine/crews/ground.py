"""What the harness knows at the moment when an agent begins, as agents and planners are told of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from devassist.domain.handoffs import GROUND_BEGINS, GROUND_ENDS
from devassist.domain.ids import PLANNING
from devassist.domain.plan import Plan
from devassist.domain.settings import ApprovalClass
from devassist.domain.state.approvals import ApprovalState, ApprovalStatus
from devassist.domain.state.tasks import TaskState
from devassist.domain.statuses import TaskStatus
from devassist.engine.context import RunContext

_PLANNING_PATIENCE_S = 5.0
"""How long planning is held up for it: a red base is said before money is spent, a slow one beside it."""
_TASK_PATIENCE_S = 30.0
_STATUS = {
    TaskStatus.PENDING: "not begun",
    TaskStatus.RUNNING: "at work",
    TaskStatus.WAITING: "waiting for a person",
    TaskStatus.DELIVERED: "done, not landed yet",
    TaskStatus.MERGED: "done and landed",
    TaskStatus.FAILED: "failed",
    TaskStatus.STOPPED: "stopped",
}
_ASKED_OF_PEOPLE = (ApprovalClass.QUESTION, ApprovalClass.SCOPE, ApprovalClass.COMMAND)


class KnownFailures(Protocol):
    def __call__(self, *, patience_s: float) -> Sequence[str]:
        """A line per check that fails on the base, as far as it is known within `patience_s` seconds."""


FailedCases = Callable[[], Mapping[str, tuple[str, ...]]]
"""Check -> the cases that fail on the base, as far as it is known by now; a check that has not run there is absent."""


def nothing_known(*, patience_s: float) -> Sequence[str]:  # noqa: ARG001
    return ()


def planning_ground(known: KnownFailures) -> str:
    """A part of a planning agent's brief; empty if nothing is known to fail."""
    return _failing(known(patience_s=_PLANNING_PATIENCE_S))


def task_ground(known: KnownFailures) -> str:
    """The same for a task's agent, who can wait longer."""
    return _failing(known(patience_s=_TASK_PATIENCE_S))


def framed(parts: Sequence[str]) -> str:
    """The parts as one text between the lines that a replay reads over, because it changes from day to day."""
    said = [part for part in parts if part]
    return "\n\n".join([GROUND_BEGINS, *said, GROUND_ENDS]) if said else ""


def other_tasks(context: RunContext, plan: Plan, task: str) -> str:
    """How the other tasks of the plan stand; empty if there are none."""
    with context.journal.lock:
        states = {
            name: _status(context.journal.state.tasks.get(name)) for name in plan.order() if name != task
        }
    return (
        "Other tasks now: " + ", ".join(f"{name} is {status}" for name, status in states.items())
        if states
        else ""
    )


def answers(context: RunContext, task: str) -> str:
    """What people answered, granted and refused while the goal was planned and in this task; empty if nothing."""
    with context.journal.lock:
        asked = [
            _answer(request)
            for request in context.journal.state.approvals.values()
            if request.task in (task, PLANNING)
            and request.kind in _ASKED_OF_PEOPLE
            and request.status not in (ApprovalStatus.OPEN, ApprovalStatus.WITHDRAWN)
        ]
    return "What people have said:\n" + "\n".join(f"- {line}" for line in asked) if asked else ""


def _answer(request: ApprovalState) -> str:
    if request.status is ApprovalStatus.APPROVED:
        return f"{request.question} Granted."
    if request.status is ApprovalStatus.REJECTED:
        return f"{request.question} Refused" + (f": {request.reason}" if request.reason else ".")
    return f"{request.question} {request.answer}"


def _status(state: TaskState | None) -> str:
    return _STATUS.get(state.status, str(state.status)) if state is not None else _STATUS[TaskStatus.PENDING]


def _failing(failures: Sequence[str]) -> str:
    if not failures:
        return ""
    listed = "\n".join(f"- {failure}" for failure in failures)
    return f"Known to fail before anybody began. Leave it as it is unless your task is about it:\n{listed}"
