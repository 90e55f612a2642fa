"""Which paths are private, and which tasks are about them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from devassist.domain.changes import glob_regex, in_scope
from devassist.domain.plan import PlanTask


@dataclass(frozen=True)
class PrivatePaths:
    """
    The paths that `[privacy] paths` names.

    As in .gitignore a pattern without a slash counts at any depth, one with a slash from the root, and with a directory
    all that is below it. The case of letters never counts: on some file systems both are the same file.
    """

    patterns: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.patterns)

    @cached_property
    def _regexes(self) -> Sequence[re.Pattern[str]]:
        return [_regex(pattern) for pattern in self.patterns]

    def cover(self, path: str) -> bool:
        """Whether the file or directory at `path` is private, or below a directory that is."""
        return any(regex.fullmatch(path.rstrip("/")) for regex in self._regexes)

    def visible(self, paths: Iterable[str]) -> list[str]:
        """The paths that are not private."""
        return [path for path in paths if not self.cover(path)]

    def meet(self, scope: Sequence[str], paths: Iterable[str]) -> bool:
        """
        Whether a task with `scope` is about private paths, where `paths` are all that there are.

        It is if the scope holds a private file, or names a private path that is not there yet. An empty scope is about
        no path in particular: such a task goes on without the private ones.
        """
        if not scope or not self:
            return False
        return any(self.cover(_literal(pattern)) for pattern in scope if _literal(pattern)) or any(
            self.cover(path) and in_scope(path, scope) for path in paths
        )

    def matching_nothing(self, paths: Iterable[str]) -> list[str]:
        """The patterns that match none of `paths`, such as one with a typing error."""
        known = list(paths)
        return [
            pattern for pattern in self.patterns if not any(_regex(pattern).fullmatch(path) for path in known)
        ]

    def tops(self, paths: Iterable[str]) -> list[str]:
        """The private ones of `paths` as few paths: a directory instead of all that is below it."""
        tops: dict[str, None] = {}
        for path in paths:
            if self.cover(path):
                parts = path.split("/")
                above = ("/".join(parts[:depth]) for depth in range(1, len(parts) + 1))
                tops[next(top for top in above if self.cover(top))] = None
        return list(tops)

    def pathspecs(self) -> list[str]:
        """Pathspecs that leave the private paths out of what a git command prints."""
        specs: list[str] = []
        for pattern in self.patterns:
            anchored, parts = _parts(pattern)
            if not parts:
                continue
            place = "/".join(parts if anchored else ("**", *parts))
            specs += [f":(top,exclude,icase,glob){place}", f":(top,exclude,icase,glob){place}/**"]
        return specs


def _parts(pattern: str) -> tuple[bool, tuple[str, ...]]:
    """Whether a pattern counts from the root, and its parts. What ends in `/**` is the directory itself."""
    plain = pattern.strip()
    parts = [part for part in plain.rstrip("/").split("/") if part not in ("", ".")]
    anchored = "/" in plain.rstrip("/")
    while len(parts) > 1 and parts[-1] == "**":
        parts.pop()
    return anchored, tuple(parts)


def _regex(pattern: str) -> re.Pattern[str]:
    anchored, parts = _parts(pattern)
    if not parts:
        return re.compile("(?!)")
    above = "" if anchored else "(?:.*/)?"
    try:
        return re.compile(f"{above}{glob_regex(parts)}(?:/.*)?", re.DOTALL | re.IGNORECASE)
    except re.error:  # such as a range that runs backwards
        return re.compile(f"{above}{re.escape('/'.join(parts))}(?:/.*)?", re.DOTALL | re.IGNORECASE)


def _literal(pattern: str) -> str:
    """The part of a glob before its first wildcard."""
    parts = [part for part in pattern.split("/") if part not in ("", ".")]
    wild = next((at for at, part in enumerate(parts) if any(sign in part for sign in "*?[")), len(parts))
    return "/".join(parts[:wild])


NOTHING = PrivatePaths()


@dataclass(frozen=True, kw_only=True)
class Secrecy:
    """
    What the models of a run may see. `files` are the private ones of its base.

    Nothing is hidden if no model that the run may ask is in the `cloud`.
    """

    paths: PrivatePaths = field(default_factory=PrivatePaths)
    files: tuple[str, ...] = ()
    cloud: bool = False
    _by_scope: dict[tuple[str, ...], bool] = field(default_factory=dict, compare=False, repr=False)

    def is_private(self, task: PlanTask) -> bool:
        """Whether only local models may work on a task."""
        if task.scope not in self._by_scope:  # it is asked for every note and every write
            self._by_scope[task.scope] = self.paths.meet(task.scope, self.files)
        return task.private or self._by_scope[task.scope]

    def hidden_in(self, task: PlanTask | None) -> PrivatePaths:
        """What the agents of a task (None: those who plan) do not see, whatever their models: they tell each other."""
        is_open = task is None or not self.is_private(task)
        return self.paths if self.cloud and is_open else NOTHING

    def withholds(self, sender: PlanTask | None, reader: PlanTask | None) -> bool:
        """Whether what the agents of one task say is kept from those of another (None: those who plan, or nobody's)."""
        if not self.cloud or sender is None or not self.is_private(sender):
            return False
        return reader is None or not self.is_private(reader)


OPEN = Secrecy()
"""Nothing is private."""
