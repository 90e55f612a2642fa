"""A file that did not merge, as values: what did, and each hunk with its base and both sides. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from devassist.domain.hashing import digest

Choice = Literal["ours", "theirs", "base", "ours+theirs", "theirs+ours"]
CHOICES: tuple[Choice, ...] = ("ours", "theirs", "base", "ours+theirs", "theirs+ours")
_OPENS, _BASE, _MIDDLE, _CLOSES = "<<<<<<<", "|||||||", "=======", ">>>>>>>"
_CONTEXT = 3
_MARKER = re.compile(r"^(<{7}|\|{7}|>{7}) |^={7}\r?$")


@dataclass(frozen=True, slots=True)
class HunkText:
    """One place that both sides changed. Texts are whole lines, as they stand in the files."""

    base: str
    ours: str
    theirs: str

    @property
    def key(self) -> str:
        """Equal for the same conflict wherever it comes up again, whichever side is ours."""
        return digest([self.base, *sorted((self.ours, self.theirs))])

    def taking(self, choice: Choice) -> str:
        """What stands there by a choice."""
        match choice:
            case "ours":
                return self.ours
            case "theirs":
                return self.theirs
            case "base":
                return self.base
            case "ours+theirs":
                return _ended(self.ours) + self.theirs
            case "theirs+ours":
                return _ended(self.theirs) + self.ours


@dataclass(frozen=True, slots=True)
class MarkedText:
    """A file in parts, in order: text that merged, and hunks."""

    parts: tuple[str | HunkText, ...]

    @property
    def hunks(self) -> tuple[HunkText, ...]:
        return tuple(part for part in self.parts if isinstance(part, HunkText))

    def resolved(self, answers: Sequence[str]) -> str:
        """The file with these texts in place of the hunks."""
        left = iter(answers)
        return "".join(part if isinstance(part, str) else next(left) for part in self.parts)

    def marked(self, ours: str, theirs: str, base: str = "base") -> str:
        """The file with conflict markers that bear these labels."""
        return self.resolved(
            [
                f"{_OPENS} {ours}\n{_ended(hunk.ours)}{_BASE} {base}\n{_ended(hunk.base)}"
                f"{_MIDDLE}\n{_ended(hunk.theirs)}{_CLOSES} {theirs}\n"
                for hunk in self.hunks
            ]
        )

    def answers_in(self, text: str) -> tuple[str, ...] | None:
        """What stands in `text` in place of each hunk; None when more than the hunks was changed."""
        found: list[str] = []
        at, after = 0, list(self.parts)
        while after:
            part = after.pop(0)
            if isinstance(part, str):
                if not text.startswith(part, at):
                    return None
                at += len(part)
                continue
            if not after:
                found.append(text[at:])
                return tuple(found)
            fixed = after[0]
            if not isinstance(fixed, str) or (not fixed and len(after) > 1):
                return None  # nothing says where one answer ends and the next begins
            end = len(text) - len(fixed) if len(after) == 1 else text.find(fixed, at)
            if end < at or not text.startswith(fixed, end):
                return None
            found.append(text[at:end])
            at = end
        return tuple(found) if at == len(text) else None


def read_marked(text: str, labels: tuple[str, str], sides: Mapping[str, str]) -> MarkedText:
    """
    The parts of what git wrote, in `diff3` style, with these labels of ours and theirs.

    `sides` are the whole texts of base, ours and theirs: they tell a marker from a line that looks like one.
    """
    parts: list[str | HunkText] = []
    merged: list[str] = []
    lines = lines_of(text)
    opens, closes = (f"{mark} {label}" for mark, label in zip((_OPENS, _CLOSES), labels, strict=True))
    at = 0
    while at < len(lines):
        end = _end(lines, at, closes) if lines[at].startswith(opens) else 0
        if not end:
            merged.append(lines[at])
            at += 1
            continue
        above = "".join(merged)
        if merged or parts:
            parts.append(above)
            merged = []
        around = ("".join(lines_of(above)[-_CONTEXT:]), lines[end + 1] if end + 1 < len(lines) else "")
        parts.append(_hunk(lines[at + 1 : end], sides, around, last=end + 1 == len(lines)))
        at = end + 1
    if merged or not parts:
        parts.append("".join(merged))
    return MarkedText(tuple(parts))


def left_markers(text: str, *known: str) -> list[int]:
    """The numbers of lines that are conflict markers, but for lines that one of the `known` texts has as well."""
    usual = {line for one in known for line in one.splitlines() if _MARKER.match(line)}
    return [
        number
        for number, line in enumerate(text.splitlines(), start=1)
        if _MARKER.match(line) and line not in usual
    ]


def lines_of(text: str) -> list[str]:
    """Lines with their line feeds; only a line feed ends one."""
    *whole, rest = text.split("\n")
    return [f"{line}\n" for line in whole] + ([rest] if rest else [])


def _end(lines: Sequence[str], start: int, closes: str) -> int:
    return next((at for at in range(start + 1, len(lines)) if lines[at].startswith(closes)), 0)


def _hunk(body: Sequence[str], sides: Mapping[str, str], around: tuple[str, str], *, last: bool) -> HunkText:
    whole = [_ended(sides.get(name, "")) for name in _NAMES]
    above, below = around

    def fit(split: tuple[str, str, str]) -> int:
        """How well the parts are where the sides have them: at all, and between the lines around the hunk."""
        there = sum(part in text for part, text in zip(split, whole, strict=True))
        placed = sum(above + part + below in text for part, text in zip(split, whole, strict=True))
        return there * len(_NAMES) + placed

    splits = list(_splits(body))
    ours, base, theirs = max(splits, key=fit) if splits else ("".join(body), "", "")
    if last:
        # Git ends the last line before it writes a marker; the file itself may not have.
        ours, base, theirs = (
            part.removesuffix("\n") if not sides.get(name, "\n").endswith("\n") else part
            for name, part in zip(_NAMES, (ours, base, theirs), strict=True)
        )
    return HunkText(base, ours, theirs)


_NAMES = ("ours", "base", "theirs")


def _splits(body: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Every way to read the lines between the outer markers as ours, base and theirs."""
    bases = [at for at, line in enumerate(body) if line.startswith(_BASE + " ") or line.strip() == _BASE]
    middles = [at for at, line in enumerate(body) if line.rstrip("\r\n") == _MIDDLE]
    for first in bases:
        for second in middles:
            if first < second:
                yield (
                    "".join(body[:first]),
                    "".join(body[first + 1 : second]),
                    "".join(body[second + 1 :]),
                )


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"
