"""What a task's work came to, and the link of the log that a landing is anchored to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from devassist.assignments import CrewEnding
from devassist.domain.handoffs import Handoff
from devassist.domain.statuses import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """
    How a task's work ended. `commit` is the tip to merge if it was delivered; `kind` is a model error's.
    """

    task: str
    outcome: Outcome
    reason: str = ""
    kind: str = ""
    hint: str = ""
    start: str = ""
    commit: str = ""
    confidence: float = 0.0
    handoff: Handoff | None = None
    attempt: int = 1
    """The round that the attempt began with: a retry begins a later one."""
    awaits: str = ""
    """The approval request that a task which waits is parked at."""
    built_on: tuple[str, ...] = ()
    """The tasks whose commits the tip holds: it lands only after them."""

    @classmethod
    def of(cls, ending: CrewEnding, task: str, *, attempt: int, awaits: str) -> StepResult:
        """Of a crew that delivered nothing."""
        return cls(
            task=task,
            outcome=ending.outcome,
            reason=ending.reason,
            kind=ending.kind,
            hint=ending.hint,
            attempt=attempt,
            awaits=awaits,
        )


class Head(Protocol):
    """The audit log's newest link: its seq and hash."""

    def __call__(self) -> tuple[int, bytes]: ...
