"""The uncommitted paths of a working tree, by libgit2's status."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pygit2
from pygit2.enums import FileStatus

from devassist.git.objects.errors import patiently, translated
from devassist.git.repository import Repository
from devassist.git.worktree.files import Files
from devassist.git.worktree.index_file import IndexFile

_STAGED = (
    FileStatus.INDEX_NEW
    | FileStatus.INDEX_MODIFIED
    | FileStatus.INDEX_DELETED
    | FileStatus.INDEX_RENAMED
    | FileStatus.INDEX_TYPECHANGE
    | FileStatus.CONFLICTED
)
_UNSTAGED = FileStatus.WT_MODIFIED | FileStatus.WT_DELETED | FileStatus.WT_TYPECHANGE | FileStatus.WT_RENAMED


@dataclass(frozen=True, slots=True)
class DirtyPaths:
    """Uncommitted paths of a working tree; one path can be both staged and unstaged."""

    staged: tuple[str, ...] = ()
    unstaged: tuple[str, ...] = ()
    untracked: tuple[str, ...] = ()
    conflicted: tuple[str, ...] = ()
    """Those of `staged` that a merge left in conflict."""

    def __bool__(self) -> bool:
        return bool(self.staged or self.unstaged or self.untracked)


def dirty_paths(repository: Repository) -> DirtyPaths:
    """What is not committed in the person's files; what a sparse checkout leaves out is not missing."""
    with translated("read the status"):
        status = patiently(lambda: repository.handle.status(untracked_files="all", ignored=False))
    if repository.is_sparse:
        status |= _skipped(repository.handle, repository.workdir)

    def having(flags: FileStatus) -> tuple[str, ...]:
        return tuple(sorted(path for path, state in status.items() if state & flags))

    return DirtyPaths(
        having(_STAGED), having(_UNSTAGED), having(FileStatus.WT_NEW), having(FileStatus.CONFLICTED)
    )


def _skipped(handle: pygit2.Repository, root: Path) -> dict[str, FileStatus]:
    """The states of the paths that a sparse checkout leaves out: libgit2 takes them for deleted, or looks at none."""
    index, files = IndexFile.load(Path(handle.path) / "index"), Files(handle, root)
    states = dict[str, FileStatus]()
    for path in index.skipped:
        states[path] = FileStatus.CURRENT
        row = index.find(path)
        if row is not None and os.path.lexists(root / path):
            seen = files.see(path, store=False, known=row.entry)
            if seen is not None and seen.entry != row.entry:
                states[path] = FileStatus.WT_MODIFIED
    return states
