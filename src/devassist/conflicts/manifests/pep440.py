"""Whether two requirements of a Python package can hold at once: their version ranges and environment markers."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping

from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName

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
