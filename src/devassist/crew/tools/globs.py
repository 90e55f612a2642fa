"""Turns a tool's `path` and `glob` into git's pathspecs, with globs as ripgrep reads them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from devassist.crew.tools.tool_context import ToolRefused

_EVERYTHING: Final = ("", "*", "**", "**/*")
_MOST_ALTERNATIVES: Final = 200
_MOST_DEPTH: Final = 20


def pathspecs(path: str, glob: str) -> tuple[str, ...]:
    """
    Pathspecs of the files below the directory `path` ("" is the root) that match `glob`; none means all.

    A glob without a slash matches at any depth, one that begins with a slash only from `path` on. Braces hold
    alternatives, commas outside of them separate globs, and `!` before a glob excludes what matches it.
    """
    wanted, unwanted = list[str](), list[str]()
    for part in _split(glob):
        pattern = part.strip()
        negated = pattern.startswith("!")
        (unwanted if negated else wanted).extend(_expanded(pattern.removeprefix("!"), 0))
    base = f"{_escaped(path)}/" if path else ""
    included = [_below(base, pattern) for pattern in wanted] or [_below(base, "")]
    if "**" in included and not unwanted:
        return ()
    excluded = [_below(base, pattern) for pattern in unwanted]
    return (*(f":(glob){spec}" for spec in included), *(f":(exclude,glob){spec}" for spec in excluded))


def literal(path: str) -> str:
    """The pathspec of one path and, if it is a directory, of all below it."""
    return f":(top,literal){path}"


def _below(base: str, pattern: str) -> str:
    pattern = pattern.removeprefix("./")
    if pattern in _EVERYTHING:
        return f"{base}**"
    anchored = "/" in pattern.rstrip("/")
    pattern = pattern.lstrip("/") + ("**" if pattern.endswith("/") else "")
    return f"{base}{'' if anchored else '**/'}{pattern}"


def _split(glob: str) -> Iterator[str]:
    """The parts between commas that are in no braces."""
    depth, start = 0, 0
    for at, sign in enumerate(glob):
        depth += (sign == "{") - (sign == "}")
        if sign == "," and depth <= 0:
            yield glob[start:at]
            start = at + 1
    yield glob[start:]


def _expanded(pattern: str, depth: int) -> list[str]:
    """Every alternative of the braces in `pattern`; braces without a comma, or that do not close, stay as they are."""
    begin = pattern.find("{")
    end = _closing(pattern, begin) if begin >= 0 else -1
    if end < 0 or depth > _MOST_DEPTH:
        return [pattern]
    inside = list(_split(pattern[begin + 1 : end]))
    if len(inside) == 1:
        tails = _expanded(pattern[end + 1 :], depth + 1)
        return [f"{pattern[: end + 1]}{tail}" for tail in tails]
    expanded = [
        alternative
        for choice in inside
        for alternative in _expanded(pattern[:begin] + choice + pattern[end + 1 :], depth + 1)
    ]
    if len(expanded) > _MOST_ALTERNATIVES:
        raise ToolRefused(f"glob: more than {_MOST_ALTERNATIVES} alternatives; use fewer braces")
    return expanded


def _closing(pattern: str, begin: int) -> int:
    depth = 0
    for at in range(begin, len(pattern)):
        depth += (pattern[at] == "{") - (pattern[at] == "}")
        if depth == 0:
            return at
    return -1


def _escaped(path: str) -> str:
    return re.sub(r"([*?\[\\])", r"\\\1", path)
