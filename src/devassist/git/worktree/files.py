"""
Reads and writes the files of a working tree, never following a link.

Filters are libgit2's own (line endings, ident); drivers a repository's config names are never run.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pygit2
from pygit2.enums import FilterMode

from devassist.descent import content, directory_of, root_directory, status
from devassist.domain.errors import RepositoryError
from devassist.git.objects.drivers import ENCODING, driver_of
from devassist.git.objects.errors import translated
from devassist.git.objects.filters import WrongEncoding, filtered
from devassist.git.objects.trees import EXECUTABLE, FILE, GITLINK, SYMLINK, Entry
from devassist.git.worktree.index_file import IndexFile

_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
"""There is nothing, or a link or a file where a directory is named."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A file's entry, its stat from before it was read, and a link's target."""

    entry: Entry
    stat: os.stat_result
    target: str = ""
    driver: str = ""
    """The filter driver that the content would have to go through and has not: it is not to be committed."""


@dataclass(slots=True)
class Files:
    """The files of one working tree of `repo`."""

    repo: pygit2.Repository
    root: Path
    verbatim: bool = False
    """No filter applies to any path, so filters need not be looked up, which would load the whole index."""
    keep: Callable[[str, bytes], str] | None = None
    """Stores an object, given kind and content, and returns its id (hex); None: the repository does."""
    keeps_driven: bool = True
    """Whether unfiltered content of a path with a filter driver is stored: an agent's may be, a person's never."""
    _filemode: bool | None = None
    _index: IndexFile | None = None

    def see(self, path: str, *, store: bool, known: Entry | None = None) -> Seen | None:
        """
        The file or link at `path`; None for nothing, a directory, a device or anything below a link.

        `known` is the entry expected there: its mode counts where the file system keeps no executable bits.
        """
        try:
            with self._above(path) as (above, name):
                seen = status(above, name)
                if seen is None:
                    return None
                if stat.S_ISLNK(seen.st_mode):
                    target = os.fsencode(os.readlink(name, dir_fd=above))
                    return Seen(Entry(SYMLINK, self._hashed(target, store=store)), seen, os.fsdecode(target))
                if not stat.S_ISREG(seen.st_mode):
                    return None
                mode = EXECUTABLE if seen.st_mode & stat.S_IXUSR else FILE
                if not self._trusts_filemode() and known is not None and known.mode in {FILE, EXECUTABLE}:
                    mode = known.mode
                data = content(above, name)
                if driver := "" if self.verbatim else driver_of(self.repo, path):
                    entry = Entry(mode, self._hashed(data, store=False))
                    return self._see_driven(path, data, Seen(entry, seen, driver=driver), known, store=store)
                try:
                    data = self._filtered(path, data, FilterMode.CLEAN)
                except WrongEncoding as error:
                    raw = Entry(mode, self._hashed(data, store=store and self.keeps_driven))
                    return Seen(raw, seen, driver=ENCODING + error.encoding)
                return Seen(Entry(mode, self._hashed(data, store=store)), seen)
        except OSError as error:
            if error.errno in _GONE or isinstance(error, FileNotFoundError):
                return None
            raise RepositoryError(f"{self.root / path} cannot be read: {error}") from error

    def _see_driven(self, path: str, data: bytes, raw: Seen, known: Entry | None, *, store: bool) -> Seen:
        """
        A file with a filter driver: unchanged if it is what is stored, as in agents' worktrees, or as git left it.

        Otherwise its entry is that of the unfiltered content.
        """
        entry = raw.entry
        if known is not None and entry.id == known.id:
            return Seen(entry, raw.stat)
        if self._index is None:
            self._index = IndexFile.load(Path(self.repo.path) / "index")
        row = self._index.find(path)
        if row is not None and row.is_as_written(raw.stat, self._index.written_ns):
            return Seen(Entry(entry.mode, row.entry.id), raw.stat)
        if store and self.keeps_driven:
            self._hashed(data, store=True)
        return raw

    def raw(self, path: str) -> bytes:
        """The bytes of the file at `path`; none where there is no regular file, or only below a link."""
        try:
            with self._above(path) as (above, name):
                return content(above, name)
        except OSError as error:
            if error.errno in _GONE or isinstance(error, FileNotFoundError):
                return b""
            raise RepositoryError(f"{self.root / path} cannot be read: {error}") from error

    def write(self, path: str, entry: Entry) -> os.stat_result | None:
        """Write `entry` at `path`, replacing whatever file is there; a submodule is left as it is."""
        full = self.root / path
        with translated(f"write {full}"), self._above(path, make=True) as (above, name):
            if entry.mode == GITLINK:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, dir_fd=above)
                return None
            _remove(above, name)
            data = self.repo.read(pygit2.Oid(hex=entry.id))[1]
            if entry.mode == SYMLINK:
                os.symlink(data, os.fsencode(name), dir_fd=above)
                return status(above, name)
            data = self._filtered(path, data, FilterMode.SMUDGE)
            permissions = 0o777 if entry.mode == EXECUTABLE else 0o666
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(name, flags, permissions, dir_fd=above), "wb") as file:
                file.write(data)
            return status(above, name)

    def remove(self, path: str) -> None:
        """Remove the file or link at `path`; a directory only when it is empty."""
        try:
            with self._above(path) as (above, name):
                _remove(above, name)
        except OSError as error:
            if error.errno not in _GONE:
                raise

    def remove_and_tidy(self, path: str) -> None:
        """Remove `path` and the directories it leaves empty, as git does."""
        self.remove(path)
        for above in map(str, Path(path).parents[:-1]):
            try:
                with self._above(above) as (directory, name):
                    os.rmdir(name, dir_fd=directory)
            except OSError:
                return

    @contextlib.contextmanager
    def _above(self, path: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
        """
        The directory that holds `path`, no link followed, and the name in it.

        `make` puts directories in the place of whatever else is on the way.
        """
        names = path.split("/")
        with root_directory(self.root) as root, contextlib.ExitStack() as stack:
            try:
                above = stack.enter_context(directory_of(root, names, create=make))
            except OSError as error:
                if not make or error.errno not in _GONE:
                    raise
                _make_directories(root, names[:-1])
                above = stack.enter_context(directory_of(root, names))
            yield above, names[-1]

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


def _remove(directory: int, name: str) -> None:
    """Remove a file or link, or an empty directory; nothing if there is none."""
    entry = status(directory, name)
    if entry is not None and stat.S_ISDIR(entry.st_mode):
        os.rmdir(name, dir_fd=directory)
    elif entry is not None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=directory)


def _make_directories(root: int, names: Sequence[str]) -> None:
    """Make each of the directories. A link or file where one belongs goes: nothing is ever written through it."""
    for depth in range(len(names)):
        with directory_of(root, names[: depth + 1]) as above:
            entry = status(above, names[depth])
            if entry is not None and not stat.S_ISDIR(entry.st_mode):
                os.unlink(names[depth], dir_fd=above)
            if entry is None or not stat.S_ISDIR(entry.st_mode):
                with contextlib.suppress(FileExistsError):
                    os.mkdir(names[depth], dir_fd=above)
