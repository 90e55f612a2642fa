"""Objects that must not land in the repository: merges tried out, files not committed. Gone when closed."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import pygit2
from pygit2.enums import FilterMode

from devassist.domain.changes import directories_of, is_build_product
from devassist.git.common_dir import common_dir_of, directory_of
from devassist.git.discovery import open_worktree_handle
from devassist.git.handles import promisor_of
from devassist.git.objects.attributes import apply_everywhere, apply_to
from devassist.git.objects.errors import translated
from devassist.git.objects.filters import filtered
from devassist.git.objects.ignored import is_ignored
from devassist.git.objects.loose import write_loose
from devassist.git.objects.trees import EXECUTABLE, FILE, GITLINK, TREE, Entry, Trees, tree_id
from devassist.git.promisor import add_promised
from devassist.git.repository import Repository
from devassist.git.worktree.files import Files
from devassist.git.worktree.scan import scan

_PREFIX, _OWNER = "devassist-objects-", "owner.lock"
_FRESH_S = 60.0
_NOBODY = "devassist <devassist@localhost> 0 +0000"


class Snapshot(NamedTuple):
    """A commit of a worktree's files, and the HEAD it is based on; both the same if nothing is uncommitted."""

    commit: str
    head: str


@dataclass(slots=True)
class ScratchObjects:
    """
    A directory of objects that sees those of `repository` and takes every object written through it.

    Its process holds a lock in it, so that the next process can tell which directories a killed process left behind.
    """

    repository: Repository
    path: Path
    _lock: int

    @classmethod
    def create(cls, repository: Repository, below: Path | None = None) -> ScratchObjects:
        """A new empty one, in `below`, or in the system's directory for temporary files."""
        with translated("make a scratch directory"):
            path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=below))
            lock = os.open(path / _OWNER, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(lock, fcntl.LOCK_EX)
            _sweep(path.parent)
            return cls(repository, path, lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    @property
    def shared(self) -> Path:
        """The objects of the repository itself."""
        return self.repository.common_dir / "objects"

    def view(self) -> Repository:
        """The repository with these objects added; it writes only here."""
        handle = self._opened(self.repository.git_dir, self.repository.workdir)
        return dataclasses.replace(self.repository, _handle=handle)

    def commit(self, tree: str, parents: tuple[str, ...]) -> str:
        """A scratch commit of a tree, for commands that take commits only."""
        lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
        lines += [f"author {_NOBODY}", f"committer {_NOBODY}", "", ""]
        with translated("store a commit to try a merge with"):
            return self._store("commit", "\n".join(lines).encode())

    def snapshot(self, worktree: Path) -> Snapshot:
        """A scratch commit of all files of a worktree, without the products that builds and tests left there."""
        handle = self._opened(_git_dir_of(self.repository, worktree), worktree)
        with translated(f"read HEAD of {worktree}"):
            head = str(handle.head.peel(pygit2.Commit).id)
        tree, trees = tree_id(handle, head), Trees(handle, self._store)
        scanned = scan(handle, worktree, tree, store=True, keeps_driven=False)
        edits = scanned.edits()
        for path in {*_left_behind(trees, tree, edits), *scanned.driven}:
            del edits[path]
        with translated("store a snapshot"):
            new = trees.edited(tree, edits, write=True)
            if new == tree:
                return Snapshot(head, head)
            return Snapshot(self.commit(new, (head,)), head)

    def snapshot_of(self, worktree: Path, paths: Collection[str], onto: str = "") -> str:
        """
        Like `snapshot`, for these paths only, at a cost that does not grow with the tree. Ignored paths stay out.

        `onto` is an earlier snapshot of the same HEAD, whose other paths stay as they are in it.
        """
        handle = self._opened(_git_dir_of(self.repository, worktree), worktree)
        with translated(f"read HEAD of {worktree}"):
            head = str(handle.head.peel(pygit2.Commit).id)
        tree = tree_id(handle, head)
        trees = Trees(handle, self._store)
        plain = not (apply_everywhere(handle) or apply_to(trees, tree, worktree, paths))
        files = Files(handle, worktree, plain, self._store, keeps_driven=False)
        edits: dict[str, Entry | None] = {}
        for path in sorted(paths):
            old = trees.find(tree, path)
            if old is not None and old.mode in (TREE, GITLINK):
                continue
            seen = files.see(path, store=True, known=old)
            if seen is not None and seen.driver:
                continue
            if seen is None or old is not None or not is_ignored(handle, path):
                edits[path] = None if seen is None else seen.entry
        with translated("store a snapshot"):
            new = trees.edited(tree_id(handle, onto) if onto else tree, edits, write=True)
            if new == tree:
                return head
            return self.commit(new, (head,))

    def replaced(self, commit: str, head: str, path: str, content: bytes) -> str:
        """A scratch commit on top of `head`: the files of `commit`, with `content` at `path`."""
        handle = self._opened(self.repository.git_dir, self.repository.workdir)
        trees, tree = Trees(handle, self._store), tree_id(handle, commit)
        old = trees.find(tree, path)
        mode = old.mode if old is not None and old.mode in (FILE, EXECUTABLE) else FILE
        with translated("store a file"):
            blob = self._store("blob", filtered(handle, path, content, FilterMode.CLEAN))
        return self.commit(trees.edited(tree, {path: Entry(mode, blob)}, write=True), (head,))

    def _store(self, kind: str, content: bytes) -> str:
        return write_loose(self.path, kind, content)

    def _opened(self, git_dir: Path, worktree: Path) -> pygit2.Repository:
        with translated(f"open {git_dir}"):
            handle = open_worktree_handle(git_dir, worktree.resolve())
            objects = pygit2.Odb(str(self.path))
            objects.add_disk_alternate(str(self.shared))
            add_promised(objects.add_backend, promisor_of(self.repository.common_dir))
            handle.set_odb(objects)
        return handle


def _sweep(directory: Path) -> None:
    """Remove the scratch directories of processes that ended; one younger than a minute may not be locked yet."""
    now = time.time()
    for path in directory.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            seen = path.lstat()
            if seen.st_uid != os.getuid() or not stat.S_ISDIR(seen.st_mode) or now - seen.st_mtime < _FRESH_S:
                continue
            lock = os.open(path / _OWNER, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(lock)


def _left_behind(trees: Trees, tree: str, edits: Mapping[str, Entry | None]) -> list[str]:
    """New files that a build or a test run produced: not an agent's work, whatever .gitignore contains."""
    added = [path for path, entry in edits.items() if entry is not None and trees.find(tree, path) is None]
    tops = {top for top in directories_of(added) if (entry := trees.find(tree, top)) and entry.mode == TREE}
    return [path for path in added if is_build_product(path, tracked_tops=tops, written=())]


def _git_dir_of(repository: Repository, worktree: Path) -> Path:
    """
    The administrative directory of a worktree, looked up in the repository.

    The `.git` file in the worktree is not trusted: agents can write it.
    """
    directory = worktree.resolve()
    for pointer in sorted((repository.common_dir / "worktrees").glob("*/gitdir")):
        files = directory_of(pointer.parent)
        if files is not None and files.resolve() == directory:
            return pointer.parent
    return repository.git_dir if directory == repository.workdir else common_dir_of(repository.git_dir)
