"""Lists worktrees with their states, and copies untracked files into a new one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pygit2
from pygit2.enums import FileStatus

from devassist.domain.choice.privacy import NOTHING, PrivatePaths
from devassist.domain.errors import RepositoryError
from devassist.git.common_dir import directory_of
from devassist.git.handles import open_handle
from devassist.git.objects.errors import patiently, translated
from devassist.git.objects.trees import tree_id
from devassist.git.repository import Repository
from devassist.git.worktree.scan import scan
from devassist.git.worktree.sparse import Pattern, decision, parsed_patterns
from devassist.git.worktree.worktree import Worktree

INCLUDE_FILE = ".worktreeinclude"
_OURS = "devassist"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorktreeState:
    """One linked worktree. `dirty` is None if its files cannot be compared."""

    name: str
    path: Path
    branch: str | None
    head: str | None
    lock_reason: str | None
    ours: bool
    missing: bool
    dirty: bool | None

    @property
    def locked(self) -> bool:
        return self.lock_reason is not None


def list_worktrees(repository: Repository, *, name_prefix: str = "da-") -> tuple[WorktreeState, ...]:
    """Every linked worktree; ours are those locked with a devassist reason or named with `name_prefix`."""
    admins = sorted(path for path in (repository.common_dir / "worktrees").glob("*") if path.is_dir())
    return tuple(_state(admin, name_prefix) for admin in admins)


def _state(admin: Path, name_prefix: str) -> WorktreeState:
    reason = _text(admin / "locked")
    directory = directory_of(admin)
    path = directory or Path()
    head_text = _text(admin / "HEAD") or ""
    ref = head_text.removeprefix("ref: ") if head_text.startswith("ref: ") else ""
    missing = directory is None or not (path / ".git").exists()
    head, dirty = (None, None) if missing else _contents(admin, path)
    return WorktreeState(
        name=admin.name,
        path=path,
        branch=ref.removeprefix("refs/heads/") or None,
        head=head or (head_text if not ref else None) or None,
        lock_reason=reason,
        ours=(reason or "").startswith(_OURS) or admin.name.startswith(name_prefix),
        missing=missing,
        dirty=dirty,
    )


def _contents(admin: Path, path: Path) -> tuple[str | None, bool | None]:
    try:
        handle = open_handle(admin)
        head = str(handle.head.peel(pygit2.Commit).id)
        return head, bool(scan(handle, path, tree_id(handle, head), store=False).changes)
    except (pygit2.GitError, OSError, KeyError, RepositoryError):
        # Listing must show a damaged worktree, not fail on it.
        return None, None


def _text(path: Path) -> str | None:
    try:
        return path.read_text("utf-8", "surrogateescape").strip()
    except OSError:
        return None


def copy_untracked(
    repository: Repository,
    worktree: Worktree,
    patterns: Sequence[str],
    *,
    include: bool = True,
    hidden: PrivatePaths = NOTHING,
) -> list[str]:
    """
    Copy the person's untracked and ignored files that match `patterns` or, with `include`, their .worktreeinclude.

    Patterns are gitignore's. Nothing that is `hidden`, nothing under .git, nothing tracked and nothing that is there
    already is written; returns the paths copied.
    """
    named = (_text(repository.workdir / INCLUDE_FILE) or "").splitlines() if include else []
    rules = parsed_patterns([*patterns, *named])
    if not rules:
        return []
    copied: list[str] = []
    for path in _untracked(repository, rules):
        source, target = repository.workdir / path, worktree.path / path
        if hidden.cover(path):
            continue
        if not source.is_file() or source.is_symlink() or os.path.lexists(target):
            continue
        if target.parent.resolve() != target.parent and target.parent.exists():
            continue  # a directory that is a link in the worktree would lead elsewhere
        with translated(f"copy {path}"):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
        copied.append(path)
    return sorted(copied)


def _untracked(repository: Repository, rules: Sequence[Pattern]) -> Iterator[str]:
    with translated("list the untracked files"):
        status = patiently(lambda: repository.handle.status(untracked_files="all", ignored=True))
    for path, flags in status.items():
        if flags not in {FileStatus.WT_NEW, FileStatus.IGNORED}:
            continue
        # An ignored directory comes as one entry with a slash; what is in it is looked at file by file.
        for file in _files(repository.workdir, path):
            if _matches(rules, file) and ".git" not in file.split("/"):
                yield file


def _files(root: Path, path: str) -> Iterator[str]:
    if not path.endswith("/"):
        yield path
        return
    if (root / path / ".git").exists():
        return
    for directory, _names, files in os.walk(root / path):
        yield from (Path(directory, name).relative_to(root).as_posix() for name in files)


def _matches(rules: Sequence[Pattern], path: str) -> bool:
    parts = path.split("/")
    included = decision(rules, path, is_directory=False)
    for depth in range(len(parts) - 1, 0, -1):
        if included is not None:
            break
        included = decision(rules, "/".join(parts[:depth]), is_directory=True)
    return bool(included)
