"""What an agent changed, and the rules on it: scope, build products, mass deletion. Pure; the inputs are values."""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Kind = Literal["added", "modified", "deleted", "renamed", "mode", "symlink", "typechange"]

SYMLINK_MODE = 0o120000
GITLINK_MODE = 0o160000


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One path that is not as in the base. `mode` 0 and `blob` "" say that it is gone."""

    path: str
    kind: Kind
    old_path: str = ""
    mode: int = 0
    old_mode: int = 0
    blob: str = ""
    old_blob: str = ""
    size: int = 0
    target: str = ""
    """Where a symbolic link points."""
    driver: str = ""
    """The filter driver that the content would have to go through and has not: such a change cannot be committed."""

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.old_path, self.path) if self.old_path else (self.path,)


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Everything that differs; the files of `embedded` repositories found below are not among the changes."""

    changes: tuple[Change, ...] = ()
    embedded: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Change]:
        return iter(self.changes)

    def __len__(self) -> int:
        return len(self.changes)

    def __bool__(self) -> bool:
        return bool(self.changes or self.embedded)

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path concerned, the old side of a rename too."""
        return tuple(path for change in self.changes for path in change.paths)

    @property
    def deleted(self) -> tuple[str, ...]:
        return tuple(change.path for change in self.changes if change.kind == "deleted")


_PRODUCT_DIRS = frozenset({
    "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", ".tox", ".nox",
    "node_modules", ".venv", "venv", ".virtualenv", "htmlcov", ".ipynb_checkpoints", ".eggs", ".cache",
})  # fmt: skip
_AMBIGUOUS_DIRS = frozenset({"target", "build", "dist", "out", "coverage", ".next", ".gradle"})
_PRODUCT_FILE = re.compile(
    r"\.DS_Store|Thumbs\.db|.*\.py[cod]|\.coverage|\.coverage\..+|.*\.egg-info"
    r"|\.devassist-[0-9a-f]{16}"  # a write that a crash cut off before its file got its name
)


def is_build_product(path: str, *, tracked_tops: Collection[str], written: Collection[str]) -> bool:
    """
    Is `path` something a tool left behind, whatever .gitignore says.

    `tracked_tops` are the directories below which the base tracks something; `written` are the paths a write
    tool wrote on purpose, which are none. A directory the base tracks is source, whatever it is called.
    """
    return path not in written and bool(product_of(path, tracked_tops=tracked_tops))


def product_of(path: str, *, tracked_tops: Collection[str]) -> str:
    """The build product that `path` is or is in, a directory with a slash at its end; empty if there is none."""
    parts = path.split("/")
    for depth, name in enumerate(parts[:-1], start=1):
        top = "/".join(parts[:depth])
        if top not in tracked_tops and (is_product_directory(name) or name in _AMBIGUOUS_DIRS):
            return f"{top}/"
    # `.coveragerc` is configuration; `.coverage` and `.coverage.host.123` are data.
    return path if _PRODUCT_FILE.fullmatch(parts[-1]) else ""


def is_product_directory(name: str) -> bool:
    return name in _PRODUCT_DIRS or name.endswith(".egg-info")


def directories_of(paths: Iterable[str]) -> frozenset[str]:
    """Every directory above `paths`: what `is_build_product` takes as `tracked_tops`."""
    found: set[str] = set()
    for path in paths:
        while (path := posixpath.dirname(path)) and path not in found:
            found.add(path)
    return frozenset(found)


_SOURCE_FILE = re.compile(
    r".\.(py|pyi|jsx?|tsx?|md|rst|txt|json|toml|ya?ml|cfg|ini|html|s?css|go|rs|java|kt|c|h|cpp|rb|php|sh|sql|csv)$"
)


def check_scope(pattern: str) -> str | None:
    """Why `pattern` cannot be a scope, or None."""
    if not pattern.strip():
        return "it is empty"
    if "\0" in pattern or "\\" in pattern:
        return "it holds a backslash or NUL; paths are written with /"
    if pattern.startswith(("/", "~")) or re.match(r"[A-Za-z]:", pattern):
        return "it is absolute; scopes are relative to the repository's root"
    if pattern.startswith("!"):
        return "it is negated; name what may be written"
    parts = [part.casefold() for part in pattern.split("/")]
    if ".." in parts:
        return "it leaves the repository by .."
    if ".git" in parts:
        return "it reaches into .git"
    return None


def in_scope(path: str, scope: Sequence[str]) -> bool:
    """
    May `path` be written by a task with `scope`; an empty scope is the whole repository.

    Patterns stand at the root. `*` and `?` stay within one name, `**` is any number of directories, and a
    last part without wildcards also names a directory with all below it, unless it looks like a file
    (`a.py`): `src/*` is not `src/a/b`, `src` is.
    """
    return not scope or any(_scope_regex(pattern).fullmatch(path) for pattern in scope)


def scopes_overlap(left: Sequence[str], right: Sequence[str]) -> bool:
    """Could one path be in both scopes: `x_*.py` and `y_*.py` share none, `*_x.py` and `y_*.py` do."""
    if not left or not right:
        return True
    return any(_may_meet(_scope_parts(one), _scope_parts(other)) for one in left for other in right)


def _scope_parts(pattern: str) -> tuple[str, ...]:
    parts = tuple(part for part in pattern.split("/") if part not in {"", "."})
    names_file = bool(parts) and (_is_wild(parts[-1]) or _SOURCE_FILE.search(parts[-1]) is not None)
    # "//" stands for the name itself or anything below it.
    return parts if names_file and not pattern.endswith("/") else (*parts, "//")


def _is_wild(part: str) -> bool:
    return any(sign in part for sign in "*?[")


@lru_cache(maxsize=4096)
def _scope_regex(pattern: str) -> re.Pattern[str]:
    if check_scope(pattern) is not None:
        return re.compile(r"(?!)")
    parts = _scope_parts(pattern)
    below = parts[-1:] == ("//",)
    names = (parts[:-1] if below else parts) or ("**",)
    # With a trailing slash only what is below counts: a file of that name is not the directory.
    tail = "" if not below else (r"/.+" if pattern.endswith("/") else r"(?:/.+)?")
    return re.compile(f"(?s:{glob_regex(names)}{tail})")


def glob_regex(parts: Sequence[str]) -> str:
    """The regular expression for a path pattern given as its parts, with `**` as in gitignore."""
    pieces: list[str] = []
    for position, part in enumerate(parts):
        last = position == len(parts) - 1
        if part == "**":
            pieces.append(r".+" if last else r"(?:[^/]+/)*")
        else:
            pieces.append(_name_regex(part) + ("" if last else "/"))
    return "".join(pieces)


_ANY_NAME = "[^/]*"


def _name_regex(part: str) -> str:
    """One name: `*`, `?`, `[a-z]`, `[!a]` and backslash escapes, never crossing a slash."""
    return "".join(_name_pieces(part))


@lru_cache(maxsize=4096)
def _name_pieces(part: str) -> tuple[str, ...]:
    """A regular expression for each character of a name, and `_ANY_NAME` for any number of characters."""
    pieces, at = list[str](), 0
    while at < len(part):
        sign = part[at]
        at += 1
        if sign == "*":
            pieces += [] if pieces[-1:] == [_ANY_NAME] else [_ANY_NAME]
        elif sign == "?":
            pieces.append("[^/]")
        elif sign == "\\" and at < len(part):
            pieces.append(re.escape(part[at]))
            at += 1
        elif (
            sign == "[" and (end := part.find("]", at + 2 if part[at : at + 1] in {"!", "^"} else at + 1)) > 0
        ):
            body, at = part[at:end], end + 1
            negated = body[:1] in {"!", "^"}
            body = re.sub(r"([\[\]\\^&~|])", r"\\\1", body[1:] if negated else body)
            pieces.append(f"(?!/)[{'^' if negated else ''}{body}]")
        else:
            pieces.append(re.escape(sign))
    return tuple(pieces)


@lru_cache(maxsize=4096)
def _names_meet(left: str, right: str) -> bool:
    """Whether one name matches both patterns: a walk through the pairs of places in them."""
    ones, others = _name_pieces(left), _name_pieces(right)
    pending, seen = [(0, 0)], set[tuple[int, int]]()
    while pending:
        at, place = pair = pending.pop()
        if pair in seen:
            continue
        seen.add(pair)
        one, other = ones[at : at + 1], others[place : place + 1]
        if not one and not other:
            return True
        if one == (_ANY_NAME,) or other == (_ANY_NAME,):
            # Each side moves on alone past a star, or past what a star of the other side takes in.
            pending += [(at + 1, place)] if one else []
            pending += [(at, place + 1)] if other else []
        elif one and other and _share_a_character(one[0], other[0], frozenset(left + right)):
            pending.append((at + 1, place + 1))
    return False


def _share_a_character(one: str, other: str, written: frozenset[str]) -> bool:
    # If two sets share a character, they share one that is written in a pattern, beside one, or plain.
    beside = {chr(ord(sign) + step) for sign in written for step in (-1, 1) if 0 < ord(sign) < sys.maxunicode}
    plain = map(chr, range(32, 128))
    return any(
        re.fullmatch(one, sign, re.DOTALL) and re.fullmatch(other, sign, re.DOTALL)
        for sign in (*sorted(written | beside), *plain)
    )


@lru_cache(maxsize=4096)
def _may_meet(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    for one, other in ((left, right), (right, left)):
        if one[:1] == ("//",):
            return True  # everything below `one`, and `other` got this far
        if not one:
            return all(part in {"**", "//"} for part in other)
        if one[0] == "**":
            return _may_meet(one[1:], other) or (bool(other) and _may_meet(one, other[1:]))
    return _names_meet(left[0], right[0]) and _may_meet(left[1:], right[1:])


_MASS_MIN, _MASS_MAX = 10, 100


def is_mass_deletion(deleted: int, tracked: int) -> bool:
    """More than 100 files, at least 10 that are over a quarter of the tracked ones, or all there are."""
    large_share = deleted >= _MASS_MIN and tracked < deleted * 4
    return deleted > _MASS_MAX or large_share or 0 < tracked <= deleted
