"""Whether two requirements of a Python package can hold at once: versions, environments, sources."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.specifiers import InvalidSpecifier, SpecifierSet

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What one requirement asks for: any one of `choices`, only where `marker` holds, or a fixed source."""

    choices: tuple[SpecifierSet, ...] = field(default=(SpecifierSet(),))
    marker: str = ""
    source: str = ""


def parse_wanted(specifier: str, marker: str = "", source: str = "") -> Wanted | None:
    """`specifier` in PEP 440 or Poetry notation (`^`, `~`, `||`); None when it is neither."""
    try:
        choices = tuple(SpecifierSet(_pep440(part), prereleases=True) for part in specifier.split("||"))
    except InvalidSpecifier:
        return None
    return Wanted(choices=choices, marker=marker, source=source)


def compatible(left: Wanted, right: Wanted) -> bool:
    """Whether some version satisfies both."""
    pairs = itertools.product(left.choices, right.choices)
    return any(not (one & other).is_unsatisfiable() for one, other in pairs)


def meet(left: str, right: str) -> bool:
    """Whether two environment markers can hold in one environment; when in doubt they can."""
    if not left or not right:
        return True
    try:
        one, other = Marker(left), Marker(right)
        return any(one.evaluate(env) and other.evaluate(env) for env in _environments(f"{left} ; {right}"))
    except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName):
        return True


def _environments(text: str) -> Iterator[dict[str, str]]:
    mentioned: dict[str, set[str]] = {}
    for found in _TERM.finditer(text):
        name, value = (found[1], found[3]) if found[1] else (found[6], found[5])
        mentioned.setdefault(name, set()).update({value, *value.replace(",", " ").split()})
    platforms = [*_PLATFORMS, *((name, "Other", "other") for name in mentioned.get("sys_platform", ()))]
    free = {name: sorted(mentioned[name] | {"", "something-else"}) for name in _FREE if name in mentioned}
    bases = (_environment(*one) for one in itertools.product(platforms, _versions(mentioned)))
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
    """Every minor version of Python, and around each that is mentioned the one before and after it."""
    found = {(*minor, 0) for minor in _PYTHONS} | {(2, 7, 18)}
    for text in mentioned.get("python_version", set()) | mentioned.get("python_full_version", set()):
        numbers = [int(part) for part in re.findall(r"\d+", text)[:3]]
        if numbers:
            major, minor, patch = [*numbers, 0, 0, 0][:3]
            found |= {(major, minor, patch), (major, minor, patch + 1), (major, minor + 1, 0)}
            found |= {(major, minor, patch - 1)} if patch else set()
            found |= {(major, minor - 1, 9)} if minor else set()
    return sorted(".".join(map(str, numbers)) for numbers in found)


def _pep440(text: str) -> str:
    """Poetry's own operators as PEP 440."""
    text = re.sub(r"([<>=!~^]=?)\s+", r"\1", text.strip())
    if text == "*":
        return ""
    parts = [part for part in re.split(r"\s*,\s*|\s+", text) if part]
    return ",".join(_clause(part) for part in parts)


def _clause(part: str) -> str:
    operator, version = part[:1], part[1:].lstrip("v")
    if operator == "^" or (operator == "~" and not part.startswith("~=")):
        numbers = [int(number) for number in re.findall(r"\d+", re.split(r"[a-z+-]", version)[0])]
        return f">={version},<{_caret(numbers) if operator == '^' else _tilde(numbers)}" if numbers else part
    if part[0].isdigit():
        return f"=={part}"
    return part


def _caret(numbers: list[int]) -> str:
    keep = next((index for index, number in enumerate(numbers) if number), len(numbers) - 1)
    return ".".join(map(str, [*numbers[:keep], numbers[keep] + 1]))


def _tilde(numbers: list[int]) -> str:
    kept = numbers[:2]
    return ".".join(map(str, [*kept[:-1], kept[-1] + 1]))
