"""The lines of a patch while they are read, and the hunk that some of them make. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from devassist.crew.tools.text.patches import BadPatch, Hunk

HUNK: Final = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


@dataclass
class Lines:
    """The lines of a patch, and the next one to read."""

    lines: Sequence[str]
    at: int = 0

    @property
    def line(self) -> str:
        return self.lines[self.at] if self.at < len(self.lines) else ""

    @property
    def more(self) -> bool:
        return self.at < len(self.lines)

    def ahead(self, steps: int) -> str:
        place = self.at + steps
        return self.lines[place] if place < len(self.lines) else ""

    def bad(self, why: str) -> BadPatch:
        return BadPatch(f"line {self.at + 1}: {why}")


@dataclass
class Body:
    """The lines of one hunk, while they are read."""

    lines: list[tuple[str, str]] = field(default_factory=list)
    blank: int = 0
    """How many lines at the end were entirely empty, as where an editor stripped a context line."""
    old_open: bool = False
    new_open: bool = False

    def add(self, line: str) -> None:
        self.blank = self.blank + 1 if not line else 0
        self.lines.append((line[:1] or " ", line[1:]))

    def no_newline(self) -> None:
        last = self.lines[-1][0] if self.lines else " "
        self.old_open = self.old_open or last in " -"
        self.new_open = self.new_open or last in " +"

    def count(self, signs: str) -> int:
        return sum(sign in signs for sign, _ in self.lines)

    def hunk(
        self, *, start: int = 0, anchors: Sequence[str] = (), at_end: bool = False, old: int = -1
    ) -> Hunk:
        """The hunk, without empty lines at its end that its header (`old` lines) does not count."""
        extra = min(self.blank, self.count(" -") - old) if old >= 0 else self.blank
        lines = self.lines[: len(self.lines) - max(0, extra)]
        return Hunk(
            lines=tuple(lines),
            start=start,
            anchors=tuple(anchors),
            at_end=at_end,
            old_open=self.old_open,
            new_open=self.new_open,
        )
