"""Conflicts between branches as values: what, where, how bad, and an id that stays the same from run to run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from devassist.domain.hashing import digest
from devassist.domain.ids import work_of


class Level(StrEnum):
    TREE = "tree"
    TEXT = "text"
    SYMBOL = "symbol"
    MANIFEST = "manifest"
    TYPE = "type"
    BEHAVIOUR = "behaviour"


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    def at_least(self, threshold: Severity) -> bool:
        order = list(Severity)
        return order.index(self) <= order.index(threshold)


class ConflictStatus(StrEnum):
    """How a conflict stands. Between runs it goes from provisional or open to any of the others, and back to open."""

    PROVISIONAL = "provisional"
    """Seen in uncommitted work."""
    OPEN = "open"
    SEQUENCED = "sequenced"
    """The order of merging settles it."""
    WAIVED = "waived"
    RESOLVED = "resolved"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """
    One branch as it is looked at: the name as the person typed it, its commit and its tree.

    With uncommitted work in it `commit` is a passing one that holds that work, and `head` the branch's own.
    """

    name: str
    commit: str
    tree: str
    head: str = ""

    @property
    def uncommitted(self) -> bool:
        return bool(self.head)

    @property
    def tip(self) -> str:
        """The commit that the branch itself is at."""
        return self.head or self.commit


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Location:
    """Lines of a file on one branch, counted from 1, both ends included."""

    branch: str
    path: str
    start_line: int
    end_line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """
    Two branches that cannot both land as they are.

    One per kind, branch pair and symbol (or path); all uses are in `locations`. `explanation` is one sentence
    with symbols and lines, `suggestion` what to do. `kind` is one of contract 6.
    """

    level: Level
    kind: str
    severity: Severity
    branches: tuple[str, str]
    path: str
    symbol: str | None = None
    locations: tuple[Location, ...] = ()
    explanation: str = ""
    suggestion: str = ""
    status: str = "open"

    @property
    def id(self) -> str:
        """
        Stable: it depends on kind, pair and symbol or path, not on order, commits or line numbers.

        Of a task's branches it does not matter which: the conflict stays the same when the next agent takes over.
        """
        pair = sorted(work_of(name) for name in self.branches)
        return "c-" + digest([self.kind, pair, self.symbol or self.path])[:12]

    def as_json(self) -> dict[str, Any]:
        """The shape of contract 6."""
        return {
            "id": self.id,
            "level": str(self.level),
            "kind": self.kind,
            "severity": str(self.severity),
            "branches": list(self.branches),
            "path": self.path,
            "symbol": self.symbol,
            "locations": [
                {
                    "branch": one.branch,
                    "path": one.path,
                    "start_line": one.start_line,
                    "end_line": one.end_line,
                }
                for one in self.locations
            ],
            "explanation": self.explanation,
            "suggestion": self.suggestion,
            "status": self.status,
        }


def worst(conflicts: Sequence[Conflict]) -> Severity | None:
    """The highest severity among open conflicts."""
    found = [one.severity for one in conflicts if one.status == "open"]
    return min(found, key=list(Severity).index, default=None)
