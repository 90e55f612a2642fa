"""Ranges of semantic versions as npm and Cargo write them, and whether two have a version in common."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

_PARTIAL = re.compile(
    r"[v=\s]*(\d+|[xX*])(?:\.(\d+|[xX*])(?:\.(\d+|[xX*])(?:-?([0-9A-Za-z-][0-9A-Za-z.-]*))?)?)?(?:\+[0-9A-Za-z.-]+)?"
)
_CLAUSE = re.compile(r"(\^|~>?|>=|<=|>|<|=)?\s*(.+)", re.DOTALL)
_HYPHEN = re.compile(r"\s*(\S+)\s+-\s+(\S+)\s*")

Key = tuple[int, int, int, int, tuple[tuple[int, int, str], ...]]
"""A version so that tuples compare as versions do: a release comes after its prereleases."""


@dataclass(frozen=True, slots=True, order=True)
class Version:
    key: Key

    @classmethod
    def of(cls, major: int, minor: int, patch: int, prerelease: str = "") -> Self:
        parts = tuple(
            (0, int(part), "") if part.isdigit() else (1, 0, part) for part in prerelease.split(".") if part
        )
        return cls((major, minor, patch, 0 if parts else 1, parts))


LOWEST = Version((0, 0, 0, 0, ()))


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` to `high` (None: without end); each end counts or not."""

    low: Version = LOWEST
    high: Version | None = None
    low_in: bool = True
    high_in: bool = False

    def meets(self, other: Interval) -> Interval:
        low, low_in = max((self.low, not self.low_in), (other.low, not other.low_in))
        ends = [(one.high, one.high_in) for one in (self, other) if one.high is not None]
        if not ends:
            return Interval(low, None, not low_in)
        high, high_in = min(ends)
        return Interval(low, high, not low_in, high_in)

    @property
    def empty(self) -> bool:
        if self.high is None or self.low < self.high:
            return False
        return self.high < self.low or not (self.low_in and self.high_in)

    def holds(self, version: Version) -> bool:
        return not self.meets(Interval(version, version, high_in=True)).empty


@dataclass(frozen=True, slots=True)
class Range:
    """Any of some intervals."""

    intervals: tuple[Interval, ...]

    def meets(self, other: Range) -> Range:
        found = [one.meets(two) for one in self.intervals for two in other.intervals]
        return Range(tuple(one for one in found if not one.empty))

    @property
    def empty(self) -> bool:
        return all(one.empty for one in self.intervals)

    def holds(self, version: Version) -> bool:
        return any(one.holds(version) for one in self.intervals)


def parse_npm(text: str) -> Range | None:
    """`^1.2 || 3.x || 1.0 - 2.0`; None for tags, URLs, workspaces and aliases."""
    found: list[Interval] = []
    for alternative in text.split("||"):
        one = _hyphenated(alternative) or _all(
            re.findall(r"[<>=^~]+\s*[^\s<>=^~]*|[^\s<>=^~]+", alternative), bare="="
        )
        if one is None:
            return None
        found.append(one)
    return Range(tuple(found))


def parse_cargo(text: str) -> Range | None:
    """`1.2`, which is `^1.2`, or clauses between commas."""
    one = _all([part for part in text.split(",") if part.strip()], bare="^")
    return None if one is None else Range((one,))


def _all(clauses: Iterable[str], *, bare: str) -> Interval | None:
    whole = Interval()
    for clause in clauses:
        matched = _CLAUSE.fullmatch(clause.strip())
        one = matched and _clause(matched[1] or bare, matched[2])
        if not one:
            return None
        whole = whole.meets(one)
    return whole


def _hyphenated(text: str) -> Interval | None:
    found = _HYPHEN.fullmatch(text)
    if found is None:
        return None
    low, high = _clause(">=", found[1]), _clause("<=", found[2])
    return low.meets(high) if low and high else None


def _clause(operator: str, text: str) -> Interval | None:
    matched = _PARTIAL.fullmatch(text.strip())
    if matched is None:
        return None
    numbers: list[int] = []
    for part in matched.groups()[:3]:
        if part is None or not part.isdigit():
            break
        numbers.append(int(part))
    prerelease = matched[4] if matched[4] and len(numbers) == 3 else ""  # noqa: PLR2004  major, minor, patch
    low = _version(numbers, prerelease)
    if operator in {">", ">=", "<", "<="}:
        return _compared(operator, numbers, low)
    if not numbers:
        return Interval()
    if operator == "=" and len(numbers) == 3:  # noqa: PLR2004  major, minor, patch
        return Interval(low, low, high_in=True)
    return Interval(low, _ceiling(_kept(operator, numbers)))


def _compared(operator: str, numbers: list[int], low: Version) -> Interval:
    """`>1.2` starts after every 1.2.x, `<=1.2` still takes them all."""
    whole = len(numbers) == 3  # noqa: PLR2004  major, minor, patch
    if not numbers:
        return Interval() if "=" in operator else Interval(LOWEST, LOWEST)
    if operator == ">=":
        return Interval(low)
    if operator == "<":
        # A bare bound leaves the prereleases of its own version out, as `<2.0.0-0` does.
        return Interval(high=_first(low))
    if operator == ">":
        # Nothing lies between a release and the first prerelease of the next.
        start = low.key[:3] if whole and low.key[3] else ()
        return Interval(low, low_in=False) if whole and not start else Interval(_ceiling(numbers))
    return Interval(high=low, high_in=True) if whole else Interval(high=_ceiling(numbers))


def _kept(operator: str, numbers: list[int]) -> list[int]:
    """The numbers that must stay as they are."""
    if operator == "^":
        fixed = next((index for index, number in enumerate(numbers) if number), len(numbers) - 1)
        return numbers[: fixed + 1]
    return numbers[:2] if operator.startswith("~") else numbers


def _ceiling(numbers: list[int]) -> Version:
    """The first of all versions after those that begin with `numbers`."""
    return _first(_version([*numbers[:-1], numbers[-1] + 1]))


def _version(numbers: list[int], prerelease: str = "") -> Version:
    major, minor, patch = [*numbers, 0, 0, 0][:3]
    return Version.of(major, minor, patch, prerelease)


def _first(version: Version) -> Version:
    """The lowest prerelease of a release; a prerelease itself."""
    major, minor, patch, released, parts = version.key
    return Version((major, minor, patch, 0, parts if not released else ()))
