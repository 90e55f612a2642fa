"""What is proved of a change before a reviewer sees it, as its crew asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from devassist.domain.plan import PlanTask


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """`text` is for a brief. `untested` says that code was added and no test case with it."""

    text: str = ""
    untested: bool = False


NO_EVIDENCE = Evidence()


class ChangeEvidence(Protocol):
    def __call__(self, task: PlanTask, *, commit: str, start: str) -> Evidence:
        """Of the change that `task` made from the commit `start` to `commit`. May take as long as the checks do."""


def nothing_proved(task: PlanTask, *, commit: str, start: str) -> Evidence:  # noqa: ARG001
    return NO_EVIDENCE
