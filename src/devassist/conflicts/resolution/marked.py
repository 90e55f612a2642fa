"""A file with conflicts as values: the text that merged, and each hunk with its base and both sides. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from devassist.domain.hashing import digest

_OPENS, _BASE, _MIDDLE, _CLOSES = "<<<<<<<", "|||||||", "=======", ">>>>>>>"
_CONTEXT = 3
_MARKER = re.compile(r"^(<{7}|\|{7}|>{7}) |^={7}\r?$")


class HunkChoice(StrEnum):
    """The ways to resolve a hunk without editing it."""

    OURS = "ours"
    THEIRS = "theirs"
    BASE = "base"
    OURS_THEIRS = "ours+theirs"
    THEIRS_OURS = "theirs+ours"


@dataclass(frozen=True, slots=True)
class HunkText:
    """One place that both sides changed. Texts are whole lines, as the files have them."""

    base: str
    ours: str
    theirs: str

    @property
    def key(self) -> str:
        """A digest that is equal for the same conflict wherever it comes up again, whichever side is ours."""
        return digest([self.base, *sorted((self.ours, self.theirs))])

    def taking(self, choice: HunkChoice) -> str:
        """The text that a choice puts in place of the hunk."""
        match choice:
            case HunkChoice.OURS:
                return self.ours
            case HunkChoice.THEIRS:
                return self.theirs
            case HunkChoice.BASE:
                return self.base
            case HunkChoice.OURS_THEIRS:
                return _ended(self.ours) + self.theirs
            case HunkChoice.THEIRS_OURS:
                return _ended(self.theirs) + self.ours


@dataclass(frozen=True, slots=True)
class MarkedText:
    """The parts of a file in order: text that merged, and hunks."""

    parts: tuple[str | HunkText, ...]

    @property
    def hunks(self) -> tuple[HunkText, ...]:
        return tuple(part for part in self.parts if isinstance(part, HunkText))

    def resolved(self, answers: Sequence[str]) -> str:
        """The file with these texts in place of the hunks, in order."""
        remaining = iter(answers)
        return "".join(part if isinstance(part, str) else next(remaining) for part in self.parts)

    def marked(self, ours: str, theirs: str, base: str = "base") -> str:
        """The file with conflict markers in diff3 style and these labels."""
        return self.resolved(
            [
                f"{_OPENS} {ours}\n{_ended(hunk.ours)}{_BASE} {base}\n{_ended(hunk.base)}"
                f"{_MIDDLE}\n{_ended(hunk.theirs)}{_CLOSES} {theirs}\n"
                for hunk in self.hunks
            ]
        )

    def answers_in(self, text: str) -> tuple[str, ...] | None:
        """The text in place of each hunk in `text`; None if more than the hunks changed."""
        answers: list[str] = []
        at, following = 0, list(self.parts)
        while following:
            part = following.pop(0)
            if isinstance(part, str):
                if not text.startswith(part, at):
                    return None
                at += len(part)
                continue
            if not following:
                answers.append(text[at:])
                return tuple(answers)
            fixed = following[0]
            if not isinstance(fixed, str) or (not fixed and len(following) > 1):
                return None  # nothing separates one answer from the next
            end = len(text) - len(fixed) if len(following) == 1 else text.find(fixed, at)
            if end < at or not text.startswith(fixed, end):
                return None
            answers.append(text[at:end])
            at = end
        return tuple(answers) if at == len(text) else None


def read_marked(text: str, labels: tuple[str, str], sides: Mapping[str, str]) -> MarkedText:
    """
    Parses a file that git wrote in `diff3` style with these labels of ours and theirs.

    `sides` maps base, ours and theirs to their whole texts: they distinguish markers from lines that look like one.
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


def marker_lines(text: str, *originals: str) -> list[int]:
    """The numbers of lines that are conflict markers, except lines that one of the `originals` has as well."""
    ordinary = {line for original in originals for line in original.splitlines() if _MARKER.match(line)}
    return [
        number
        for number, line in enumerate(text.splitlines(), start=1)
        if _MARKER.match(line) and line not in ordinary
    ]


def lines_of(text: str) -> list[str]:
    """The lines of a text with their line feeds; no other character ends a line."""
    *whole, rest = text.split("\n")
    return [f"{line}\n" for line in whole] + ([rest] if rest else [])


def _end(lines: Sequence[str], start: int, closes: str) -> int:
    return next((at for at in range(start + 1, len(lines)) if lines[at].startswith(closes)), 0)


def _hunk(body: Sequence[str], sides: Mapping[str, str], around: tuple[str, str], *, last: bool) -> HunkText:
    whole = [_ended(sides.get(name, "")) for name in _NAMES]
    above, below = around

    def fit(split: tuple[str, str, str]) -> int:
        """The number of parts that the sides contain anywhere, and between the lines around the hunk."""
        contained = sum(part in text for part, text in zip(split, whole, strict=True))
        placed = sum(above + part + below in text for part, text in zip(split, whole, strict=True))
        return contained * len(_NAMES) + placed

    splits = list(_splits(body))
    ours, base, theirs = max(splits, key=fit) if splits else ("".join(body), "", "")
    if last:
        # Git adds a line feed before a marker even if the last line of the file has none.
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
