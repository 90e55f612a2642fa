"""Decides which paths a sparse checkout keeps on disk, by git's patterns, cone or not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pygit2

from devassist.domain.changes import glob_regex
from devassist.domain.choice.privacy import PrivatePaths

_HIDDEN = "info/devassist-hidden"


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line of gitignore's language."""

    regex: re.Pattern[str]
    negated: bool
    directories_only: bool


def parsed_patterns(lines: Iterable[str]) -> tuple[Pattern, ...]:
    return tuple(pattern for line in lines if (pattern := _pattern(line)) is not None)


def _pattern(line: str) -> Pattern | None:
    # Trailing blanks count only when escaped.
    line = re.sub(r"(?<!\\)\s+$", "", line.rstrip("\r\n"))
    if not line or line.startswith("#"):
        return None
    negated = line.startswith("!")
    line = line.removeprefix("!")
    directories_only = line.endswith("/")
    line = line.rstrip("/")
    anchored = "/" in line
    parts = [part for part in line.split("/") if part]
    if not parts:
        return None
    try:
        regex = re.compile(("" if anchored else "(?:.*/)?") + glob_regex(parts), re.DOTALL)
    except re.error:
        return None
    return Pattern(regex, negated, directories_only)


def decision(patterns: Iterable[Pattern], path: str, *, is_directory: bool) -> bool | None:
    """Whether the last pattern that matches `path` itself includes it; None if no pattern matches."""
    included: bool | None = None
    for pattern in patterns:
        if (is_directory or not pattern.directories_only) and pattern.regex.fullmatch(path):
            included = not pattern.negated
    return included


EVERYTHING = "/*\n"


def hide(admin: Path, hidden: PrivatePaths) -> None:
    """Record that these paths are never on disk in the worktree with this administrative directory."""
    (admin / "info").mkdir(exist_ok=True)
    (admin / _HIDDEN).write_text("".join(f"{pattern}\n" for pattern in hidden.patterns), "utf-8")


def hidden_in(admin: Path) -> PrivatePaths:
    """The paths that are hidden in a worktree; none in most."""
    try:
        return PrivatePaths(tuple((admin / _HIDDEN).read_text("utf-8").splitlines()))
    except FileNotFoundError:
        return PrivatePaths()


@dataclass(slots=True)
class SparseSet:
    """The patterns of one worktree; a path that no pattern matches follows the directory above it."""

    text: str
    patterns: tuple[Pattern, ...]
    hidden: PrivatePaths = field(default_factory=PrivatePaths)
    """Never on disk in this worktree, whatever the patterns say."""
    _directories: dict[str, bool] = field(default_factory=dict)

    @classmethod
    def find(cls, repo: pygit2.Repository) -> SparseSet | None:
        """The sparse set of the worktree `repo` was opened for; None when it is not sparse."""
        config, hidden = repo.config, hidden_in(Path(repo.path))
        text = ""
        if "core.sparsecheckout" in config and config.get_bool("core.sparsecheckout"):
            file = Path(repo.path) / "info" / "sparse-checkout"
            text = file.read_text("utf-8", "surrogateescape") if file.is_file() else ""
        if not text.strip() and not hidden:
            return None
        text = text if text.strip() else EVERYTHING
        return cls(text, parsed_patterns(text.splitlines()), hidden)

    def includes(self, path: str) -> bool:
        if self.hidden.cover(path):
            return False
        decided = decision(self.patterns, path, is_directory=False)
        return self._includes_directory(path.rpartition("/")[0]) if decided is None else decided

    def _includes_directory(self, path: str) -> bool:
        if not path:
            return False
        if path not in self._directories:
            decided = decision(self.patterns, path, is_directory=True)
            self._directories[path] = (
                self._includes_directory(path.rpartition("/")[0]) if decided is None else decided
            )
        return self._directories[path]
