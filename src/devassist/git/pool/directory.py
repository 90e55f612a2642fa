"""
One warm directory that is switched from tree to tree, writing only the differences.

Commands run in it between switches, so its files are not trusted: whatever differs from the record is removed, and
so is whatever is new and not ignored. Ignored files stay as caches, but never where a tree wants a path. Each
change gets a second of its own as its time: caches that compare whole seconds would else take old results for new.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pygit2

from devassist.domain.errors import RepositoryError
from devassist.git.objects.attributes import ATTRIBUTES, apply_everywhere
from devassist.git.objects.errors import translated
from devassist.git.objects.ignored import is_ignored
from devassist.git.objects.trees import EXECUTABLE, FILE, GITLINK, Entry, Trees
from devassist.git.pool.record import PoolRecord, Written, above, lstat, marks
from devassist.git.worktree.admin import delete_directory
from devassist.git.worktree.files import Files

_NEVER = frozenset(("", ".", "..", ".git"))
_IGNORE = ".gitignore"


@dataclass
class _Writer:
    """Writes the paths of one change. `real` are directories that exist."""

    repo: pygit2.Repository
    root: Path
    record: PoolRecord
    real: set[str]
    plain: bool
    """No filter applies, so that content goes to disk as it is."""
    _stamp: int = 0

    def __post_init__(self) -> None:
        self._files = Files(self.repo, self.root)

    def written(self, path: str, entry: Entry, before: Written | None) -> Written:
        self._make_way(path)
        if self.plain and entry.mode in {FILE, EXECUTABLE}:
            state = self._write(path, entry, before)
        else:
            self._clear(path, entry)
            seen = self._files.write(path, entry) or (self.root / path).lstat()
            stamp = self._time(seen)
            os.utime(self.root / path, (stamp, stamp), follow_symlinks=False)
            state = (self.root / path).lstat()
        return Written(entry.mode, entry.id, marks(state, entry.mode))

    def _write(self, path: str, entry: Entry, before: Written | None) -> os.stat_result:
        full, data = f"{self.root}/{path}", self.repo.read(pygit2.Oid(hex=entry.id))[1]
        flags = os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
        if before is not None and before.mode == entry.mode:
            # The present file is ours: overwriting it costs no new inode.
            descriptor = os.open(full, flags)
        else:
            self._clear(path, entry)
            descriptor = os.open(
                full, flags | os.O_CREAT | os.O_EXCL, 0o777 if entry.mode == EXECUTABLE else 0o666
            )
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            rest = memoryview(data)
            while rest:
                rest = rest[file.write(rest) :]
            file.truncate(len(data))
            stamp = self._time(os.fstat(descriptor))
            os.utime(descriptor, (stamp, stamp))
            return os.fstat(descriptor)

    def _time(self, seen: os.stat_result) -> int:
        """The file time for this change, in whole seconds: later than now and than every earlier change."""
        if not self._stamp:
            self._stamp = self.record.stamp = max(self.record.stamp, int(seen.st_mtime)) + 1
        return self._stamp

    def _make_way(self, path: str) -> None:
        """Create the directories above a path, replacing files in their place."""
        top = path.rpartition("/")[0]
        if top in self.real or (not top and path.casefold() not in _NEVER):
            return
        names = path.split("/")
        if not _NEVER.isdisjoint(name.casefold() for name in names):
            raise RepositoryError(f"The path {path!r} cannot be written", hint="Run 'git fsck'")
        for depth in range(1, len(names)):
            top = "/".join(names[:depth])
            if top in self.real:
                continue
            state = lstat(self.root / top)
            if state is not None and not stat.S_ISDIR(state.st_mode):
                (self.root / top).unlink()
                state = None
            if state is None:
                (self.root / top).mkdir()
            self.real.add(top)

    def _clear(self, path: str, entry: Entry) -> None:
        """Remove whatever occupies a path of the tree, caches included."""
        full = self.root / path
        if full.name.casefold() in _NEVER:
            raise RepositoryError(f"The path {path!r} cannot be written", hint="Run 'git fsck'")
        state = lstat(full)
        if state is None or (entry.mode == GITLINK and stat.S_ISDIR(state.st_mode)):
            return
        if stat.S_ISDIR(state.st_mode):
            delete_directory(full)
        else:
            full.unlink()


@dataclass
class PooledTree:
    """
    A directory `root` and the record of what is in it. Not shared between threads or processes.

    `repo` must be a handle of its own: its working directory is set to `root`, for ignore rules and attributes.
    """

    repo: pygit2.Repository
    root: Path
    record: PoolRecord

    @classmethod
    def open(cls, repo: pygit2.Repository, root: Path, record: Path) -> PooledTree:
        """Open it as it was left. After a crash its files are compared with the record at the next `point`."""
        with translated(f"open {root}"):
            saved = PoolRecord.load(record)
            if saved is None:
                delete_directory(root)  # without a record no file in it can be trusted
            root.mkdir(parents=True, exist_ok=True, mode=0o700)
            repo.workdir = str(root)
        return cls(repo, root, saved or PoolRecord(record))

    def point(self, tree: str) -> None:
        """Hold exactly `tree`."""
        record = self.record
        if record.used:
            self.sweep()
        if tree == record.tree:
            return
        edits = self._edits_to(tree)
        names = {path.rpartition("/")[2] for path in edits}
        if ATTRIBUTES in names:
            # They decide on the content of files that did not change.
            edits |= dict(Trees(self.repo).walk(tree))
        # Until the switch is complete it holds neither tree.
        record.lay_open()
        record.tree, record.used = "", True
        self._change(edits)
        record.tree, record.used = tree, False
        if _IGNORE in names:
            self.sweep()

    def sweep(self, *, keep_new: bool = False) -> None:
        """Undo a command's changes to the tree; with `keep_new` its untracked files stay from now on."""
        record = self.record
        record.lay_open()
        right, new = self._compared()
        if keep_new:
            record.kept |= frozenset(new)
        wrong = [path for path in record.rows if path not in right]
        for path in wrong:
            del record.rows[path]
        directories = record.directories()
        for path in sorted({*new, *wrong} - record.kept, reverse=True):
            self._delete(path, directories)
        # What it was is not written back here: its content may be gone, and the next tree may not want it.
        record.tree, record.used = "" if wrong else record.tree, False

    # Changing ---------------------------------------------------------------------------------------------

    def _edits_to(self, tree: str) -> dict[str, Entry | None]:
        trees = Trees(self.repo)
        if self.record.tree:
            # A tree tried out earlier may be gone from the object store; what is on disk is known all the same.
            with contextlib.suppress(KeyError):
                return {path: new for path, _old, new in trees.difference(self.record.tree, tree)}
        entries = dict(trees.walk(tree))
        edits: dict[str, Entry | None] = dict.fromkeys(self.record.rows.keys() - entries.keys())
        rows = self.record.rows
        return edits | {
            path: entry for path, entry in entries.items() if path not in rows or rows[path][:2] != entry
        }

    def _change(self, edits: Mapping[str, Entry | None]) -> None:
        rows, plain = self.record.rows, self._is_verbatim(edits)
        gone = sorted((path for path, entry in edits.items() if entry is None), reverse=True)
        before = {path: rows.pop(path, None) for path in edits}
        directories = self.record.directories()
        for path in gone:
            self._delete(path, directories, caches=True)
        writer = _Writer(self.repo, self.root, self.record, set(directories), plain=plain)
        # Attributes first: they say how the others are written.
        for path in sorted(edits, key=lambda path: (path.rpartition("/")[2] != ATTRIBUTES, path)):
            entry = edits[path]
            if entry is not None:
                with translated(f"write {path}"):
                    rows[path] = writer.written(path, entry, before[path])

    def _is_verbatim(self, edits: Iterable[str]) -> bool:
        """Whether no filter applies: no attributes anywhere and no line ending configured."""
        if apply_everywhere(self.repo):
            return False
        names = {path.rpartition("/")[2] for path in (*self.record.rows, *edits)}
        return ATTRIBUTES not in names

    # Looking ----------------------------------------------------------------------------------------------

    def _compared(self) -> tuple[set[str], list[str]]:
        """The paths that are as they were written, and what is there beside the tree: files, directories."""
        directories = self.record.directories()
        right: set[str] = set()
        new: list[str] = []
        todo = [""]
        while todo:
            below = todo.pop()
            empty = True
            for item in self._entries(below):
                empty = False
                path = f"{below}/{item.name}" if below else item.name
                row = self.record.rows.get(path)
                state = item.stat(follow_symlinks=False)
                folder = stat.S_ISDIR(state.st_mode)
                if row is not None and row.stat == marks(state, row.mode):
                    right.add(path)
                    if row.mode == GITLINK:
                        todo.append(path)
                elif row is not None and not folder:
                    continue  # changed: it is written anew
                elif folder and (path in directories or not self._stays(path + "/")):
                    todo.append(path)
                elif not folder and not self._stays(path):
                    new.append(path)
            if below and empty and below not in directories and below not in self.record.rows:
                new.append(below)
        return right, new

    def _stays(self, path: str) -> bool:
        """Whether an untracked path stays: kept on purpose, or ignored."""
        plain = path.rstrip("/")
        if plain in self.record.kept:
            return True
        if plain.rpartition("/")[2].casefold() == ".git":
            return False
        with contextlib.suppress(RepositoryError, ValueError):
            return is_ignored(self.repo, path)
        return False

    def _entries(self, below: str) -> Iterator[os.DirEntry[str]]:
        directory = self.root / below
        with translated(f"look through {directory}"):
            if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
                directory.chmod(0o700)
            with os.scandir(directory) as items:
                yield from items

    def _delete(self, path: str, directories: frozenset[str], *, caches: bool = False) -> None:
        """Remove what is at `path` and the directories that it leaves empty; with `caches` only an empty directory."""
        # Below a link that a command left there everything would be somebody else's.
        tops = [lstat(self.root / top) for top in above(path)]
        if not all(top is not None and stat.S_ISDIR(top.st_mode) for top in tops):
            return
        full = self.root / path
        state = lstat(full)
        with translated(f"remove {full}"):
            if state is not None and not stat.S_ISDIR(state.st_mode):
                full.unlink()
            elif state is not None and path not in directories and not caches:
                delete_directory(full)
        for empty in (path, *above(path)):
            if empty in directories:
                return
            with contextlib.suppress(OSError):
                (self.root / empty).rmdir()
