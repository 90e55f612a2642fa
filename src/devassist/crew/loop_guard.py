"""Whether an agent still does something sensible. What it may not do for long ends it, by a recorded decision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from devassist.crew.crew_stop import CrewStop
from devassist.domain.statuses import Outcome

MAX_IDENTICAL_CALLS = 8
"""The same call with the same arguments this often in a row is an agent that goes in circles."""
MAX_STRAYED = 5
"""Refused writes outside of the scope, in one round: request_scope is there for it."""
MAX_FLOODS = 4
"""Commands of one round whose output had to be cut: over 200 kB each."""


@dataclass
class Conduct:
    """One agent's in one round. `decide` records the decision to stop it: the question and the reason."""

    decide: Callable[[str, str], None]
    strays: int = 0
    floods: int = 0
    _last: str = ""
    _times: int = 0

    def called(self, name: str, arguments: str) -> int:
        """How often in a row this very call was made. Raises CrewStop when that is too often."""
        call = f"{name}({arguments})"
        self._times = self._times + 1 if call == self._last else 1
        self._last = call
        if self._times >= MAX_IDENTICAL_CALLS:
            self._stop(
                "go on with an agent that repeats itself?",
                f"{name} was called {self._times} times in a row with the same arguments",
            )
        return self._times

    def strayed(self, what: str) -> None:
        """A write outside of the scope was refused. Raises CrewStop when that has happened too often."""
        self.strays += 1
        if self.strays >= MAX_STRAYED:
            self._stop(
                "go on with an agent that writes outside of its scope?",
                f"{self.strays} writes outside of the scope were refused, the last: {what}",
            )

    def flooded(self, name: str) -> None:
        """A command's output was cut. Raises CrewStop when that has happened too often."""
        self.floods += 1
        if self.floods >= MAX_FLOODS:
            self._stop(
                "go on with an agent whose commands flood the log?",
                f"the output of {self.floods} commands had to be cut, the last by {name}",
            )

    def _stop(self, question: str, reason: str) -> None:
        self.decide(question, reason)
        raise CrewStop(Outcome.FAILED, reason)
