"""Reads what runners wrote, from a directory that anything the command ran can have written to."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

_MOST_FILES = 4_000
_MOST_BYTES = 256 << 20
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def reports(directory: Path, *, prefix: str = "", suffix: str) -> Iterator[bytes]:
    """The regular files of `directory` with such names, by name, until too many or too much has been read."""
    left = _MOST_BYTES
    for name in _names(directory, prefix, suffix):
        content = _content(directory / name, most=left)
        left -= len(content)
        if content:
            yield content
        if left <= 0:
            return


def _names(directory: Path, prefix: str, suffix: str) -> list[str]:
    try:
        if directory.is_symlink():
            return []
        with os.scandir(directory) as entries:
            names = [name for entry in entries if _named(name := entry.name, prefix, suffix)]
    except OSError:
        return []
    return sorted(names)[:_MOST_FILES]


def _named(name: str, prefix: str, suffix: str) -> bool:
    return name.startswith(prefix) and name.endswith(suffix)


def _content(path: Path, *, most: int) -> bytes:
    """Empty if there is no such regular file; never waits for a writer, never follows a link."""
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError:
        return b""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return b""
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read(most)
