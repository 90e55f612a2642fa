"""How a conflict was settled, as values: by whom and how, what was checked, what was dropped, what experience says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

TRUSTED = 0.98
"""The lower 95 % bound of its precision from which a class of hunks is settled without a person."""
_Z = 1.959964


class How(StrEnum):
    """Who or what chose: one side, an editor, answers in a terminal, the integrator, or experience."""

    TAKE = "take"
    EDIT = "edit"
    INTERACTIVE = "interactive"
    AGENT = "agent"
    AUTOMATIC = "automatic"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolutionCheck:
    """One thing that was looked at before a resolution was accepted: markers, parse, lines, symbols or checks."""

    name: str
    ok: bool
    detail: str = ""

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "ok": self.ok, "detail": self.detail}


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedLine:
    """A line that a branch added and that is not in the resolution. `line` is its number on that branch."""

    branch: str
    path: str
    line: int
    text: str

    def as_json(self) -> dict[str, Any]:
        return {"branch": self.branch, "path": self.path, "line": self.line, "text": self.text}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How often a class of hunks was settled as people settled it."""

    right: int = 0
    total: int = 0

    @property
    def lower_bound(self) -> float:
        """The lower end of Wilson's 95 % interval of the precision; 0 without experience."""
        if not self.total:
            return 0.0
        share, n = self.right / self.total, self.total
        centre = share + _Z**2 / (2 * n)
        spread = _Z * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
        return max(0.0, (centre - spread) / (1 + _Z**2 / n))

    @property
    def trusted(self) -> bool:
        return self.lower_bound >= TRUSTED

    def plus(self, *, right: bool) -> Tally:
        return Tally(right=self.right + right, total=self.total + 1)

    def as_json(self) -> dict[str, Any]:
        return {
            "right": self.right,
            "total": self.total,
            "lower_bound": round(self.lower_bound, 4),
            "trusted": self.trusted,
        }


def joined(tallies: Sequence[Mapping[str, Tally]]) -> dict[str, Tally]:
    """Experience from several sources as one."""
    found: dict[str, Tally] = {}
    for one in tallies:
        for name, tally in one.items():
            before = found.get(name, Tally())
            found[name] = Tally(right=before.right + tally.right, total=before.total + tally.total)
    return found
