"""Reads what runners wrote, from a directory that anything the command ran can have written to."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

_MOST_ENTRIES = 200_000
_MOST_FILES = 20_000
MOST_BYTES = 256 << 20
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def reports(directory: Path, *, prefix: str = "", suffix: str) -> Iterator[bytes]:
    """The regular files of `directory` with such names, by name, until too many or too much has been read."""
    left = MOST_BYTES
    for name in names(directory, prefix=prefix, suffix=suffix):
        report = content(directory / name, most=left)
        left -= len(report)
        if report:
            yield report
        if left <= 0:
            return


def names(directory: Path, *, prefix: str = "", suffix: str) -> list[str]:
    """Such names in `directory`, sorted, not too many; none if it is not a directory of its own."""
    try:
        if directory.is_symlink():
            return []
        with os.scandir(directory) as entries:
            some = islice(entries, _MOST_ENTRIES)
            names = [name for entry in some if _named(name := entry.name, prefix, suffix)]
    except OSError:
        return []
    return sorted(names)[:_MOST_FILES]


def _named(name: str, prefix: str, suffix: str) -> bool:
    return name.startswith(prefix) and name.endswith(suffix)


def content(path: Path, *, most: int = MOST_BYTES) -> bytes:
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


def files_below(directory: Path, *, most: int = _MOST_FILES) -> Iterator[Path]:
    """Regular files in `directory` and below it, in order of their paths, without following links."""
    if directory.is_symlink():
        return
    left = most
    for folder, folders, files in os.walk(directory):
        folders.sort()
        for name in sorted(files):
            yield Path(folder, name)
            left -= 1
            if not left:
                return
