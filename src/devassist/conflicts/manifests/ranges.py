"""Intersects ranges of versions, as npm, Cargo, PEP 440 and Poetry write them, and environment markers."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName

_PARTIAL = re.compile(
    r"[v=\s]*(\d+|[xX*])(?:\.(\d+|[xX*])(?:\.(\d+|[xX*])(?:-?([0-9A-Za-z-][0-9A-Za-z.-]*))?)?)?(?:\+[0-9A-Za-z.-]+)?"
)
_CLAUSE = re.compile(r"(\^|~>?|>=|<=|>|<|=)?\s*(.+)", re.DOTALL)
_HYPHEN = re.compile(r"\s*(\S+)\s+-\s+(\S+)\s*")
_PLATFORMS = (
    ("linux", "Linux", "posix"),
    ("darwin", "Darwin", "posix"),
    ("win32", "Windows", "nt"),
    ("cygwin", "CYGWIN", "posix"),
    ("freebsd13", "FreeBSD", "posix"),
    ("other", "Other", "other"),
)
_PYTHONS = tuple((3, minor) for minor in range(6, 18))
_TERM = re.compile(
    r"""(\w+)\s*(?:[<>=!~]=?=?|not\s+in|in)\s*(['"])(.*?)\2|(['"])(.*?)\4\s*(?:[<>=!~]=?=?|not\s+in|in)\s*(\w+)"""
)
_FREE = ("platform_machine", "implementation_name", "platform_python_implementation", "extra")
_MOST_ENVIRONMENTS = 4000
_MOST_CLAUSES = 50

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
        ends = [(interval.high, interval.high_in) for interval in (self, other) if interval.high is not None]
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
    """A union of intervals."""

    intervals: tuple[Interval, ...]

    def meets(self, other: Range) -> Range:
        both = [interval.meets(two) for interval in self.intervals for two in other.intervals]
        return Range(tuple(interval for interval in both if not interval.empty))

    @property
    def empty(self) -> bool:
        return all(interval.empty for interval in self.intervals)

    def holds(self, version: Version) -> bool:
        return any(interval.holds(version) for interval in self.intervals)


def parse_npm(text: str) -> Range | None:
    """`^1.2 || 3.x || 1.0 - 2.0`; None for tags, URLs, workspaces and aliases."""
    intervals: list[Interval] = []
    for alternative in text.split("||"):
        interval = _hyphenated(alternative) or _all(
            re.findall(r"[<>=^~]+\s*[^\s<>=^~]*|[^\s<>=^~]+", alternative), bare="="
        )
        if interval is None:
            return None
        intervals.append(interval)
    return Range(tuple(intervals))


def parse_cargo(text: str) -> Range | None:
    """`1.2`, which is `^1.2`, or clauses between commas."""
    interval = _all([part for part in text.split(",") if part.strip()], bare="^")
    return None if interval is None else Range((interval,))


def _all(clauses: Iterable[str], *, bare: str) -> Interval | None:
    whole = Interval()
    for clause in clauses:
        matched = _CLAUSE.fullmatch(clause.strip())
        interval = matched and _clause(matched[1] or bare, matched[2])
        if not interval:
            return None
        whole = whole.meets(interval)
    return whole


def _hyphenated(text: str) -> Interval | None:
    match = _HYPHEN.fullmatch(text)
    if match is None:
        return None
    low, high = _clause(">=", match[1]), _clause("<=", match[2])
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
    return Interval(low, _ceiling(_fixed_numbers(operator, numbers)))


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


def _fixed_numbers(operator: str, numbers: list[int]) -> list[int]:
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


def compatible(left: str, right: str) -> bool | None:
    """Whether a version satisfies both specifiers (PEP 440 or Poetry); None if one of them is neither, or endless."""
    if any(text.count(",") + text.count("|") > _MOST_CLAUSES for text in (left, right)):
        return None  # poetry-core takes time in the cube of their number: minutes for a thousand.
    # Costs 30 ms, and only branches that ask differently for one package need it.
    from poetry.core.constraints.version import parse_constraint

    try:
        ranges = [parse_constraint(text.replace("===", "==") or "*") for text in (left, right)]
    except ValueError:
        return None
    return not ranges[0].intersect(ranges[1]).is_empty()


def meet(left: str, right: str) -> bool:
    """
    Whether two environment markers can hold in one environment; when in doubt they can.

    They are evaluated in sample environments: poetry-core's markers do not know which platform names go together.
    """
    if not left or not right:
        return True
    try:
        markers = (Marker(left), Marker(right))
        environments = _environments(f"{left} ; {right}")
        return any(all(marker.evaluate(sample) for marker in markers) for sample in environments)
    except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName):
        return True


def _environments(text: str) -> Iterator[dict[str, str]]:
    mentioned: dict[str, set[str]] = {}
    for term in _TERM.finditer(text):
        name, value = (term[1], term[3]) if term[1] else (term[6], term[5])
        mentioned.setdefault(name, set()).update({value, *value.replace(",", " ").split()})
    platforms = [*_PLATFORMS, *((name, "Other", "other") for name in mentioned.get("sys_platform", ()))]
    free = {name: sorted(mentioned[name] | {"", "something-else"}) for name in _FREE if name in mentioned}
    bases = (_environment(*pair) for pair in itertools.product(platforms, _versions(mentioned)))
    spaces = itertools.product(bases, itertools.product(*free.values()))
    for base, rest in itertools.islice(spaces, _MOST_ENVIRONMENTS):
        yield base | dict(zip(free, rest, strict=True))


def _environment(platform: tuple[str, str, str], version: str) -> dict[str, str]:
    return {
        "sys_platform": platform[0],
        "platform_system": platform[1],
        "os_name": platform[2],
        "python_full_version": version,
        "python_version": ".".join(version.split(".")[:2]),
        "implementation_version": version,
        "platform_machine": "x86_64",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "extra": "",
    }


def _versions(mentioned: Mapping[str, set[str]]) -> list[str]:
    """Every minor version of Python, and the neighbours of each version that is mentioned."""
    versions = {(*minor, 0) for minor in _PYTHONS} | {(2, 7, 18)}
    for text in mentioned.get("python_version", set()) | mentioned.get("python_full_version", set()):
        numbers = [int(part) for part in re.findall(r"\d+", text)[:3]]
        if numbers:
            major, minor, patch = [*numbers, 0, 0, 0][:3]
            versions |= {(major, minor, patch), (major, minor, patch + 1), (major, minor + 1, 0)}
            versions |= {(major, minor, patch - 1)} if patch else set()
            versions |= {(major, minor - 1, 9)} if minor else set()
    return sorted(".".join(map(str, numbers)) for numbers in versions)
