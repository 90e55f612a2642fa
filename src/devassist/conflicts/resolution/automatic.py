"""
Classes of hunks that have an obvious answer, and that answer. Pure.

A class says what would be done, not that it may be: only what a repository's own history bears out is applied.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from devassist.conflicts.resolution.marked import HunkText, lines_of

_IMPORT = re.compile(
    r"^\s*(import\b|from\s+\S+\s+import\b|use\s|using\s|#include\b|export .* from |require\b|const .*require\()"
)
_ENTRY = re.compile(r"^\s*([-*+•]|\d+[.)]|\.\.)\s|^\s+\S|^\s*$")
_ITEM = re.compile(r"^\s*[\"'\w].*,\s*$")
_CHANGELOG = re.compile(r"(^|/)(change|news|history|release|authors|contributors|thanks)", re.IGNORECASE)


class Proposal(NamedTuple):
    """The class of a hunk, by name, and what would stand in its place."""

    name: str
    text: str


def proposal(path: str, hunk: HunkText) -> Proposal | None:
    """The first class that a hunk is of, or None."""
    for name, rule in _RULES.items():
        text = rule(path, hunk)
        if text is not None:
            return Proposal(name, text)
    return None


def _identical(_path: str, hunk: HunkText) -> str | None:
    """Both sides say the same, but for white space at the ends of lines."""
    same = _trimmed(hunk.ours) == _trimmed(hunk.theirs)
    return hunk.ours if same else None


def _white_space(_path: str, hunk: HunkText) -> str | None:
    """One side changed nothing but white space, so the other one's change counts."""
    ours, theirs, base = ("".join(one.split()) for one in (hunk.ours, hunk.theirs, hunk.base))
    if base and ours == base:
        return hunk.theirs
    return hunk.ours if base and theirs == base else None


def _imports(_path: str, hunk: HunkText) -> str | None:
    """Both sides added imports: all of them, in order where both were."""
    ours, theirs, base = _three(hunk)
    if base or not ours or not theirs or not all(_IMPORT.match(line) for line in (*ours, *theirs)):
        return None
    union = [*ours, *(line for line in theirs if line not in ours)]
    ordered = ours == sorted(ours) and theirs == sorted(theirs)
    return "".join(sorted(union) if ordered else union)


def _entries(path: str, hunk: HunkText) -> str | None:
    """Both sides added entries to a list, such as a changelog: ours, then what theirs has more."""
    ours, theirs, base = _three(hunk)
    if base or not ours or not theirs:
        return None
    pattern = _ENTRY if _CHANGELOG.search(path) or path.endswith((".md", ".rst", ".txt")) else _ITEM
    if not all(pattern.match(line) for line in (*ours, *theirs)):
        return None
    return "".join([*ours, *(line for line in theirs if line not in ours or not line.strip())])


def _contained(_path: str, hunk: HunkText) -> str | None:
    """Both sides added, and one has all that the other has, in its order."""
    ours, theirs, base = _three(hunk)
    if base or not ours or not theirs:
        return None
    if _within(ours, theirs):
        return hunk.theirs
    return hunk.ours if _within(theirs, ours) else None


def _adjacent(_path: str, hunk: HunkText) -> str | None:
    """Each side changed lines of its own that only stand next to each other's."""
    ours, theirs, base = _three(hunk)
    if not base:
        return None
    mine, others = _changes(base, ours), _changes(base, theirs)
    for one in mine:
        for other in others:
            if one[0] < other[1] and other[0] < one[1]:
                return None
            if one[0] == other[0] and (one[0] == one[1] or other[0] == other[1]):
                return None  # an insertion and another change at one place: the order is not known
    result = list(base)
    for start, end, lines in sorted([*mine, *others], reverse=True):
        result[start:end] = lines
    return "".join(result)


def _both(_path: str, hunk: HunkText) -> str | None:
    """Both sides added something at one place: ours, then theirs."""
    return None if hunk.base or not hunk.ours or not hunk.theirs else hunk.taking("ours+theirs")


_RULES: dict[str, Callable[[str, HunkText], str | None]] = {
    "identical-change": _identical,
    "white-space-only": _white_space,
    "both-added-imports": _imports,
    "one-contains-other": _contained,
    "both-appended-entries": _entries,
    "adjacent-changes": _adjacent,
    "both-inserted": _both,
}
CLASSES = tuple(_RULES)


def _trimmed(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]


def _three(hunk: HunkText) -> tuple[list[str], list[str], list[str]]:
    return lines_of(hunk.ours), lines_of(hunk.theirs), lines_of(hunk.base)


def _within(few: Sequence[str], many: Sequence[str]) -> bool:
    rest = iter(many)
    return all(line in rest for line in few)


def _changes(base: Sequence[str], side: Sequence[str]) -> list[tuple[int, int, list[str]]]:
    matched = SequenceMatcher(a=base, b=side, autojunk=False)
    return [
        (start, end, list(side[first:last]))
        for tag, start, end, first, last in matched.get_opcodes()
        if tag != "equal"
    ]
