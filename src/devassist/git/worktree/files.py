"""
Reads and writes the files of a working tree, never following a link.

Filters are libgit2's own (line endings, ident); drivers a repository's config names are never run.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pygit2
from pygit2.enums import FilterMode

from devassist.domain.errors import RepositoryError
from devassist.git.objects.errors import translated
from devassist.git.objects.filters import filtered
from devassist.git.objects.trees import EXECUTABLE, FILE, GITLINK, SYMLINK, Entry


@dataclass(frozen=True, slots=True)
class Seen:
    """A file's entry, its stat from before it was read, and a link's target."""

    entry: Entry
    stat: os.stat_result
    target: str = ""


@dataclass(slots=True)
class Files:
    """The files of one working tree of `repo`."""

    repo: pygit2.Repository
    root: Path
    verbatim: bool = False
    """No filter applies to any path, so filters need not be looked up, which would load the whole index."""
    keep: Callable[[str, bytes], str] | None = None
    """Stores an object, given kind and content, and returns its id (hex); None: the repository does."""
    _real: set[str] = field(default_factory=set)
    _filemode: bool | None = None

    def see(self, path: str, *, store: bool, known: Entry | None = None) -> Seen | None:
        """
        The file or link at `path`; None for nothing, a directory, a device or anything below a link.

        `known` is the entry expected there: its mode counts where the file system keeps no executable bits.
        """
        if not self._below_real_directories(path):
            return None
        full = self.root / path
        try:
            seen = full.lstat()
            if stat.S_ISLNK(seen.st_mode):
                return self._see_link(full, seen, store=store)
            if not stat.S_ISREG(seen.st_mode):
                return None
            mode = EXECUTABLE if seen.st_mode & stat.S_IXUSR else FILE
            if not self._trusts_filemode() and known is not None and known.mode in {FILE, EXECUTABLE}:
                mode = known.mode
            return Seen(Entry(mode, self._hashed(self._read(full, path), store=store)), seen)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise RepositoryError(f"{full} cannot be read: {error}") from error

    def write(self, path: str, entry: Entry) -> os.stat_result | None:
        """Write `entry` at `path`, replacing whatever file is there; a submodule is left as it is."""
        full = self.root / path
        if entry.mode == GITLINK:
            full.mkdir(parents=True, exist_ok=True)
            return None
        with translated(f"write {full}"):
            self._make_parents(path)
            self.remove(path)
            data = self.repo.read(pygit2.Oid(hex=entry.id))[1]
            if entry.mode == SYMLINK:
                os.symlink(data, os.fsencode(full))  # noqa: PTH211 - Path would tidy the target
                return full.lstat()
            data = self._filtered(path, data, FilterMode.SMUDGE)
            permissions = 0o777 if entry.mode == EXECUTABLE else 0o666
            descriptor = os.open(full, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, permissions)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            return full.lstat()

    def remove(self, path: str) -> None:
        """Remove the file or link at `path`; a directory only when it is empty."""
        if not self._below_real_directories(path):
            return
        full = self.root / path
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            if stat.S_ISDIR(full.lstat().st_mode):
                full.rmdir()
                self._real.clear()
            else:
                full.unlink()

    def remove_and_tidy(self, path: str) -> None:
        """Remove `path` and the directories it leaves empty, as git does."""
        self.remove(path)
        above = Path(path).parent
        while above.parts and self._below_real_directories(f"{above}/x"):
            try:
                (self.root / above).rmdir()
            except OSError:
                return
            self._real.clear()
            above = above.parent

    def _make_parents(self, path: str) -> None:
        here = self.root
        for name in path.split("/")[:-1]:
            here = here / name
            try:
                mode = here.lstat().st_mode
            except FileNotFoundError:
                here.mkdir()
                continue
            if not stat.S_ISDIR(mode):
                # A link or file where the tree has a directory: never write through it.
                here.unlink()
                here.mkdir()
                self._real.clear()

    def _below_real_directories(self, path: str) -> bool:
        above = path.rpartition("/")[0]
        if not above or above in self._real:
            return True
        if not self._below_real_directories(above):
            return False
        try:
            real = stat.S_ISDIR((self.root / above).lstat().st_mode)
        except OSError:
            return False
        if real:
            self._real.add(above)
        return real

    def _see_link(self, full: Path, seen: os.stat_result, *, store: bool) -> Seen:
        target = os.fsencode(os.readlink(full))  # noqa: PTH115 - Path would tidy the bytes that are hashed
        return Seen(Entry(SYMLINK, self._hashed(target, store=store)), seen, os.fsdecode(target))

    def _read(self, full: Path, path: str) -> bytes:
        descriptor = os.open(full, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            data = file.read()
        return self._filtered(path, data, FilterMode.CLEAN)

    def _hashed(self, data: bytes, *, store: bool) -> str:
        with translated("store a file"):
            if store and self.keep is not None:
                return self.keep("blob", data)
            return str(self.repo.create_blob(data) if store else pygit2.hash(data))

    def _filtered(self, path: str, data: bytes, mode: FilterMode) -> bytes:
        return data if self.verbatim else filtered(self.repo, path, data, mode)

    def _trusts_filemode(self) -> bool:
        if self._filemode is None:
            config = self.repo.config
            self._filemode = "core.filemode" not in config or config.get_bool("core.filemode")
        return self._filemode
