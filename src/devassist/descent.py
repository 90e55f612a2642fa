"""Opens and removes what lies below a directory so that no link on the way is followed, whoever exchanges what."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Does not wait for the other end of a pipe that was put in the place of a file.
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


@contextlib.contextmanager
def root_directory(root: Path) -> Iterator[int]:
    """A descriptor of the directory that nothing may lead out of; links that lead to it are followed."""
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def open_directory(above: int, name: str) -> int:
    """A descriptor of a directory. Raises OSError (ENOTDIR, ELOOP or ENOENT) for a link, a file or nothing."""
    return os.open(name, _DIRECTORY, dir_fd=above)


@contextlib.contextmanager
def directory_of(
    root: int,
    names: Sequence[str],
    *,
    create: bool = False,
    step: Callable[[int, str], int] = open_directory,
) -> Iterator[int]:
    """
    A descriptor of the directory that holds the last of `names`; `create` makes those that are missing.

    Each is opened by `step`, whose errors come through.
    """
    here = os.dup(root)
    try:
        for name in names[:-1]:
            if create:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, 0o777, dir_fd=here)
            below = step(here, name)
            os.close(here)
            here = below
        yield here
    finally:
        os.close(here)


def status(directory: int, name: str) -> os.stat_result | None:
    """What `name` in `directory` is, links not followed; None if it is not there."""
    try:
        return os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None


def content(directory: int, name: str) -> bytes:
    """The bytes of a regular file. Raises OSError for anything else, FileNotFoundError for a device or a pipe."""
    descriptor = os.open(name, _FILE, dir_fd=directory)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FileNotFoundError(name)
        return file.read()


def remove_tree(path: Path) -> None:
    """Remove a directory as far as it can be removed, however deep: a command may have nested thousands."""
    try:
        shutil.rmtree(path, ignore_errors=True)
    except RecursionError:
        subprocess.run(["/bin/rm", "-rf", "--", str(path)], check=False, capture_output=True)
