"""File access for tools that run inside devassist: nothing outside one worktree, no git files, no secrets."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devassist.descent import root_directory, status
from devassist.domain.failpoints import reach
from devassist.sandbox import beneath
from devassist.sandbox.names import PathRefused, components, glob_pattern, is_git, refuse_secret

__all__ = ["PathRefused", "WorktreeFiles"]

_CHUNK: Final = 1 << 20
_DEEPEST: Final = 200
_TEMPORARY: Final = ".devassist-"


@dataclass(frozen=True, slots=True)
class WorktreeFiles:
    """
    The files of one worktree, by relative path.

    PathRefused says that a path may not be used; FileNotFoundError, IsADirectoryError, NotADirectoryError
    and FileExistsError mean what they always mean.
    """

    root: Path

    def read_bytes(self, path: str, limit: int) -> bytes:
        """The first `limit` bytes of a file. Links that stay in the worktree are followed."""
        names = _file_names(path)
        refuse_secret(path, names[-1])
        with root_directory(self.root) as root, beneath.reading(root, names, path) as descriptor:
            beneath.refuse_unless_own_file(os.fstat(descriptor), path)
            parts: list[bytes] = []
            left = limit
            while left > 0 and (chunk := os.read(descriptor, min(left, _CHUNK))):
                parts.append(chunk)
                left -= len(chunk)
            return b"".join(parts)

    def write_bytes(self, path: str, data: bytes) -> None:
        """Replace or create a file in one step, with its directories; an existing file keeps its mode."""
        names = _file_names(path)
        refuse_secret(path, names[-1])
        with (
            root_directory(self.root) as root,
            beneath.parent(root, names, path, create=True) as directory,
        ):
            entry = status(directory, names[-1])
            if entry is not None:
                beneath.refuse_unless_own_file(entry, path)
            _replace(directory, names[-1], data, None if entry is None else stat.S_IMODE(entry.st_mode))

    def delete(self, path: str) -> None:
        """Remove a file, or a link itself."""
        names = _file_names(path)
        with root_directory(self.root) as root, beneath.parent(root, names, path) as directory:
            entry = status(directory, names[-1])
            if entry is not None and stat.S_ISDIR(entry.st_mode):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
            os.unlink(names[-1], dir_fd=directory)

    def move(self, path: str, new_path: str) -> None:
        """Rename a file or directory; FileExistsError rather than overwrite."""
        old, new = _file_names(path), _file_names(new_path)
        # Otherwise a secret could be read under its new name, or written under its old one.
        refuse_secret(path, old[-1])
        refuse_secret(new_path, new[-1])
        with (
            root_directory(self.root) as root,
            beneath.parent(root, old, path) as source,
        ):
            entry = status(source, old[-1])
            if entry is None:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
            if not stat.S_ISDIR(entry.st_mode):
                beneath.refuse_unless_own_file(entry, path)
            with beneath.parent(root, new, new_path, create=True) as target:
                try:
                    beneath.rename_without_overwriting((source, old[-1]), (target, new[-1]))
                except OSError as error:
                    raise type(error)(error.errno, os.strerror(error.errno or 0), new_path) from None

    def list(self, path: str = "", glob: str = "**") -> list[str]:
        """
        The files below directory `path` whose place below it matches `glob`, as sorted worktree paths.

        Links to directories are not entered; links that lead out are left out, as is all of git's.
        """
        names = components(path)
        pattern = glob_pattern(glob)
        prefix = "".join(f"{name}/" for name in names)
        with root_directory(self.root) as root, beneath.reading(root, names, path) as top:
            if not stat.S_ISDIR(os.fstat(top).st_mode):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
            matching = [below for below in self._walk(root, top, prefix, "") if pattern.fullmatch(below)]
        return sorted(prefix + below for below in matching)

    def exists(self, path: str) -> bool:
        """Whether a file or directory is there and may be named."""
        names = components(path)
        try:
            with root_directory(self.root) as root, beneath.parent(root, names, path) as directory:
                return not names or status(directory, names[-1]) is not None
        except (FileNotFoundError, NotADirectoryError):
            return False

    def mode(self, path: str) -> int:
        """The permission bits of a file or directory."""
        names = components(path)
        with root_directory(self.root) as root, beneath.reading(root, names, path) as descriptor:
            return stat.S_IMODE(os.fstat(descriptor).st_mode)

    def _walk(self, root: int, directory: int, prefix: str, below: str) -> Iterator[str]:
        if below.count("/") > _DEEPEST:
            return
        with os.scandir(directory) as scan:
            entries = sorted(scan, key=lambda entry: entry.name)
        for entry in entries:
            place = below + entry.name
            if is_git(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                with _subdirectory(directory, entry.name) as inner:
                    if inner is not None:
                        yield from self._walk(root, inner, prefix, f"{place}/")
            elif entry.is_file(follow_symlinks=False) or self._leads_to_file(root, prefix + place):
                yield place

    def _leads_to_file(self, root: int, path: str) -> bool:
        try:
            with beneath.reading(root, path.split("/"), path) as descriptor:
                return stat.S_ISREG(os.fstat(descriptor).st_mode)
        except (OSError, PathRefused):
            return False


def _file_names(path: str) -> tuple[str, ...]:
    names = components(path)
    if not names:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    return names


@contextlib.contextmanager
def _subdirectory(directory: int, name: str) -> Iterator[int | None]:
    try:
        descriptor = os.open(
            name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory
        )
    except OSError:
        yield None  # gone, or not readable: a listing says what it can
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _replace(directory: int, name: str, data: bytes, mode: int | None) -> None:
    temporary = f"{_TEMPORARY}{secrets.token_hex(8)}"
    descriptor = os.open(
        temporary,
        os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC,
        0o666,
        dir_fd=directory,
    )
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if mode is not None:
                # Set-id bits are not kept: new content under them would be another program's right.
                os.fchmod(file.fileno(), mode & 0o777)
        reach("file.write")
        os.replace(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=directory)
        raise
