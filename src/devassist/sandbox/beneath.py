"""
Opens files below a directory so that no link, rename or race leads out of it.

Reading follows links that stay inside, which only the kernel can decide without a race: openat2. Without
it, and for all that writes, every component is opened by itself and no link is followed at all.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import stat
import struct
from collections.abc import Generator, Sequence
from typing import Final

from devassist.descent import directory_of, status
from devassist.sandbox import kernel
from devassist.sandbox.names import PathRefused, is_git, refuse_secret

_BENEATH_NO_MAGIC: Final = 0x08 | 0x02
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Does not wait for the other end of a pipe that was put in the place of a file.
_FILE: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_MOST_TRIES: Final = 64
_openat2_works = [True]


@contextlib.contextmanager
def reading(root: int, names: Sequence[str], path: str) -> Generator[int]:
    """A descriptor of what `names` leads to, read-only; `path` is for messages."""
    descriptor = _open_beneath(root, names, path)
    try:
        _refuse_where_it_led(root, descriptor, path)
        yield descriptor
    finally:
        os.close(descriptor)


def parent(
    root: int, names: Sequence[str], path: str, *, create: bool = False
) -> contextlib.AbstractContextManager[int]:
    """A descriptor of the directory that holds `names`, no link followed on the way."""
    return directory_of(
        root, names, create=create, step=lambda above, name: _open_plain(above, name, _DIRECTORY, path)
    )


def refuse_unless_own_file(entry: os.stat_result, path: str) -> None:
    """PathRefused for anything but a regular file with one name."""
    if stat.S_ISDIR(entry.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if stat.S_ISLNK(entry.st_mode):
        raise PathRefused(f"{path} is a symbolic link", hint="Name the file that it points at")
    if not stat.S_ISREG(entry.st_mode):
        raise PathRefused(f"{path} is not a regular file")
    if entry.st_nlink > 1:
        # Its other name may be anywhere: a link to ~/.ssh/id_rsa looks like any file of the worktree.
        raise PathRefused(f"{path} is a hard link", hint="Copy the file instead")


def rename_without_overwriting(old: tuple[int, str], new: tuple[int, str]) -> None:
    """Rename; FileExistsError if the new name is taken, with no moment in between."""
    try:
        kernel.call(
            "renameat2",
            ctypes.c_int(old[0]), os.fsencode(old[1]), ctypes.c_int(new[0]), os.fsencode(new[1]),
            ctypes.c_uint(1),
        )  # fmt: skip
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.EINVAL):
            raise
        # Not on this system or file system: linking also fails if the name is taken.
        os.link(old[1], new[1], src_dir_fd=old[0], dst_dir_fd=new[0], follow_symlinks=False)
        os.unlink(old[1], dir_fd=old[0])


def _open_beneath(root: int, names: Sequence[str], path: str) -> int:
    if not names:
        return os.dup(root)
    if _openat2_works[0]:
        try:
            return _openat2(root, "/".join(names))
        except OSError as error:
            if error.errno in (errno.EXDEV, errno.ELOOP):
                raise PathRefused(f"{path} leads out of the worktree") from None
            if error.errno != errno.ENOSYS:
                raise type(error)(error.errno, os.strerror(error.errno or 0), path) from None
            _openat2_works[0] = False
    with parent(root, names, path) as directory:
        return _open_plain(directory, names[-1], _FILE | os.O_NOFOLLOW, path)


def _openat2(root: int, name: str) -> int:
    how = ctypes.create_string_buffer(struct.pack("<QQQ", _FILE, 0, _BENEATH_NO_MAGIC), 24)
    for _ in range(_MOST_TRIES):
        try:
            return kernel.call("openat2", ctypes.c_int(root), os.fsencode(name), how, ctypes.c_size_t(24))
        except OSError as error:
            # EAGAIN: something was renamed while the kernel checked that a '..' stays inside.
            if error.errno not in (errno.EAGAIN, errno.EINTR):
                raise
    raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), name)


def _open_plain(directory: int, name: str, flags: int, path: str) -> int:
    try:
        return os.open(name, flags, dir_fd=directory)
    except OSError as error:
        entry = status(directory, name)
        if entry is not None and stat.S_ISLNK(entry.st_mode):
            raise PathRefused(f"{path} passes through a symbolic link") from None
        raise type(error)(error.errno, os.strerror(error.errno or 0), path) from None


def _refuse_where_it_led(root: int, descriptor: int, path: str) -> None:
    """Apply the rules about names to the path that links led to, not only to the requested one."""
    try:
        base, place = (os.readlink(f"/proc/self/fd/{number}") for number in (root, descriptor))  # noqa: PTH115
    except OSError:
        return  # no /proc: then no link was followed either, unless the caller runs a strange Linux
    if place == base or not place.startswith(f"{base}/"):
        return
    names = place[len(base) + 1 :].removesuffix(" (deleted)").split("/")
    if any(is_git(name) for name in names):
        raise PathRefused(f"{path} leads into git's own files")
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        refuse_secret(path, names[-1])
