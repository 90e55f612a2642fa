"""
A directory in which a check runs: exactly a commit's content, and nothing that an agent wrote beside it.

What `[checks] setup` makes is made once, on the base, and copied in. HOME and temporary files begin as setup left them,
and the caches of compilers as the checks on the base left them, which no agent has written. Everything else that a
command leaves behind is gone before the next one starts.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from devassist.domain.ids import worktree_name
from devassist.engine.context import RunContext
from devassist.engine.crews.harness_commands import CommandPlace, HarnessCommands, private_directory
from devassist.git.worktree.admin import delete_directory
from devassist.git.worktree.packages import lend_packages
from devassist.git.worktree.worktree import Worktree
from devassist.git.worktree.worktrees import detached_worktree, drop_detached

_AGENT = "integration"
"""Stands for an agent in the names of the worktree and of its scratch directory."""
_GIT = ".git"
_HOME = "home"
"""HOME, below the scratch directory."""
_CACHES = (
    ".cache/go-build",
    "go/pkg",
    ".cargo/registry",
    ".npm/_cacache",
    ".m2/repository",
    ".gradle/caches",
)
"""Below HOME: keyed by content or version, so that they save time and say nothing of an earlier run."""


@dataclass
class FreshTree:
    """One at a time, always at the same path, so that what setup installed finds itself again."""

    context: RunContext
    _worktree: Worktree | None = None
    _is_set_up: bool = False
    _begun: bool = False
    _products: Path = field(init=False)
    _home: Path = field(init=False)

    def __post_init__(self) -> None:
        directory = self.context.worktrees
        self._products, self._home = directory / ".setup" / "tree", directory / ".setup" / "home"

    @property
    def private(self) -> Path:
        return private_directory(self.context, _AGENT)

    def at(self, commit: str, *, task: str) -> CommandPlace:
        """A place that holds `commit` and setup's products. The one before it is gone. Raises Unfinished by setup."""
        self._drop_what_a_crash_left()
        if self.context.settings.checks.setup and not self._is_set_up:
            self._set_up(task)
        self._open(commit)
        if self._is_set_up:
            _copy_missing(self._products, self._path)
        lend_packages(self.context.repository, self._path)
        if self._home.is_dir():
            _copy_missing(self._home, self.private)
        return self._place(task)

    def keep_caches(self) -> None:
        """Let later trees begin with the caches of compilers that this one has: nobody but the base wrote them."""
        for cache in _CACHES:
            source, target = self.private / _HOME / cache, self._home / _HOME / cache
            if source.is_dir() and not source.is_symlink():
                target.mkdir(parents=True, exist_ok=True)
                _copy_missing(source, target)

    def close(self) -> None:
        """Remove the tree and what setup made for it."""
        self._drop_what_a_crash_left()  # a resumed run may have needed no check
        self._drop()
        delete_directory(self._products.parent)

    @property
    def _path(self) -> Path:
        return self.context.worktrees / _AGENT

    @property
    def _name(self) -> str:
        return worktree_name(self.context.run, _AGENT)

    def _drop_what_a_crash_left(self) -> None:
        if not self._begun and self.context.request.resumed:
            drop_detached(self.context.repository, name=self._name, path=self._path)
        self._begun = True

    def _set_up(self, task: str) -> None:
        base = self.context.request.base
        self._open(base)
        lend_packages(self.context.repository, self._path)
        HarnessCommands(self.context).set_up(self._place(task))
        delete_directory(self._products.parent)
        self._products.mkdir(parents=True)
        tracked = set(self.context.repository.paths_of(base))
        for path in list(_untracked(self._path, tracked)):
            target = self._products / path
            target.parent.mkdir(parents=True, exist_ok=True)
            (self._path / path).rename(target)
        self.private.rename(self._home)
        self._is_set_up = True

    def _open(self, commit: str) -> None:
        self._drop()
        self._worktree = detached_worktree(
            self.context.repository,
            name=self._name,
            path=self._path,
            commit=commit,
            base=self.context.request.base,
        )
        self.private.mkdir(parents=True)

    def _drop(self) -> None:
        """What a command left in the tree is nobody's work."""
        if self._worktree is not None:
            drop_detached(self.context.repository, name=self._name, path=self._path)
            self._worktree = None
        delete_directory(self.private)

    def _place(self, task: str) -> CommandPlace:
        return CommandPlace(worktree=self._path, private=self.private, task=task)


def _untracked(root: Path, tracked: set[str]) -> Iterator[str]:
    """The topmost paths that hold nothing tracked, relative to `root`."""
    folders = {str(parent) for path in tracked for parent in Path(path).parents}
    pending = [root]
    while pending:
        for entry in sorted(pending.pop().iterdir()):
            path = str(entry.relative_to(root))
            if path in folders and entry.is_dir() and not entry.is_symlink():
                pending.append(entry)
            elif path not in tracked and path != _GIT:
                yield path


def _copy_missing(source: Path, target: Path) -> None:
    """Copy what `target` does not have: a commit's own files stay as they are."""
    for entry in source.iterdir():
        beside = target / entry.name
        if entry.is_dir() and not entry.is_symlink():
            if beside.is_symlink() or (beside.exists() and not beside.is_dir()):
                continue
            beside.mkdir(exist_ok=True)
            _copy_missing(entry, beside)
            shutil.copystat(entry, beside)
        elif not beside.exists() and not beside.is_symlink():
            shutil.copy2(entry, beside, follow_symlinks=False)
