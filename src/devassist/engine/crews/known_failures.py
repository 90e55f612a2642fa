"""What fails on the base already, as agents and planners are told of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from devassist.domain.handoffs import GROUND_BEGINS, GROUND_ENDS

_PLANNING_PATIENCE_S = 5.0
"""How long planning is held up for it: a red base is said before money is spent, a slow one beside it."""
_TASK_PATIENCE_S = 30.0


class KnownFailures(Protocol):
    def __call__(self, *, patience_s: float) -> Sequence[str]:
        """A line per check that fails on the base, as far as it is known within `patience_s` seconds."""


def nothing_known(*, patience_s: float) -> Sequence[str]:  # noqa: ARG001
    return ()


def planning_ground(known: KnownFailures) -> str:
    """A part of a planning agent's brief; empty if nothing is known to fail."""
    return _ground(known(patience_s=_PLANNING_PATIENCE_S))


def task_ground(known: KnownFailures) -> str:
    """A part of the brief of a task's agent; empty if nothing is known to fail."""
    return _ground(known(patience_s=_TASK_PATIENCE_S))


def _ground(failures: Sequence[str]) -> str:
    """Between the lines that a replay ignores, because it changes from day to day."""
    if not failures:
        return ""
    listed = "\n".join(f"- {failure}" for failure in failures)
    text = f"Known to fail before anybody began. Leave it as it is unless your task is about it:\n{listed}"
    return f"{GROUND_BEGINS}\n\n{text}\n\n{GROUND_ENDS}"
