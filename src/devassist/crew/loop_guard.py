"""Ends an agent that goes in circles, keeps writing outside its scope or floods the log, by a recorded decision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from devassist.crew.crew_stop import CrewStop
from devassist.domain.statuses import Outcome

MAX_IDENTICAL_CALLS = 8
"""Identical calls in a row, same arguments included, that end an agent: it goes in circles."""
MAX_STRAYED = 5
"""Refused writes outside the scope, in one round, that end an agent: it should have called request_scope."""
MAX_FLOODS = 4
"""Commands of one round with over 200 kB of output, which had to be cut, that end an agent."""


@dataclass
class LoopGuard:
    """Counts what an agent does in a round. `decide` records the decision to stop it: the question and the reason."""

    decide: Callable[[str, str], None]
    strays: int = 0
    floods: int = 0
    _last: str = ""
    _times: int = 0

    def count_call(self, name: str, arguments: str) -> int:
        """The number of times in a row that this very call was made. Raises CrewStop at MAX_IDENTICAL_CALLS."""
        call = f"{name}({arguments})"
        self._times = self._times + 1 if call == self._last else 1
        self._last = call
        if self._times >= MAX_IDENTICAL_CALLS:
            self._stop(
                "go on with an agent that repeats itself?",
                f"{name} was called {self._times} times in a row with the same arguments",
            )
        return self._times

    def count_refusal(self, what: str) -> None:
        """Count a write outside the scope that was refused. Raises CrewStop at MAX_STRAYED."""
        self.strays += 1
        if self.strays >= MAX_STRAYED:
            self._stop(
                "go on with an agent that writes outside of its scope?",
                f"{self.strays} writes outside of the scope were refused, the last: {what}",
            )

    def count_flood(self, name: str) -> None:
        """Count a command whose output was cut. Raises CrewStop at MAX_FLOODS."""
        self.floods += 1
        if self.floods >= MAX_FLOODS:
            self._stop(
                "go on with an agent whose commands flood the log?",
                f"the output of {self.floods} commands had to be cut, the last by {name}",
            )

    def _stop(self, question: str, reason: str) -> None:
        self.decide(question, reason)
        raise CrewStop(Outcome.FAILED, reason)
