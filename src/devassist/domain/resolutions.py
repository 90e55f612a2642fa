"""How a conflict was settled, as values: by what means, what was checked, and which lines were dropped."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class How(StrEnum):
    """Who or what settled a conflict."""

    TAKE = "take"
    """A person, by one side."""
    EDIT = "edit"
    """A person, in an editor."""
    INTERACTIVE = "interactive"
    """A person, hunk by hunk in a terminal."""
    AGENT = "agent"
    """The integrator."""
    AUTOMATIC = "automatic"
    """Nobody: what people answered to the same hunks before was repeated."""


class ResolutionStatus(StrEnum):
    """How an attempt to resolve a conflict, or to undo that, ended."""

    RESOLVED = "resolved"
    REFUSED = "refused"
    """A check failed: the conflict is as it was."""
    OPEN = "open"
    """Undone: the conflict is open again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolutionCheck:
    """One check of a resolution: markers, parse, lines, symbols, manifests, or a command of `[checks]`."""

    name: str
    ok: bool
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedLine:
    """A line that a branch added and that the resolution does not have. `line` is its number on that branch."""

    branch: str
    path: str
    line: int
    text: str
