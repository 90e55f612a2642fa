"""
A cache of values on disk that can be computed again, pruned a little each time it is opened.

Files lie in 256 folders by the beginning of their key. Pruning looks at a few folders only, the next ones each time,
so that it costs the same however large the cache is. Values are stored as JSON by their type.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

_FOLDERS = 256
_LOOKED_AT = 8
_LONGEST_UNUSED_S = 60 * 86_400
_TURN = "turn"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CacheFolder:
    """`directory` holds at most about `most_bytes`, least recently used files going first."""

    directory: Path
    most_bytes: int = 512_000_000

    def file(self, key: str, suffix: str = ".json") -> Path:
        """The file for a key (hexadecimal), whether or not it exists."""
        return self.directory / key[:2] / f"{key[2:]}{suffix}"

    def value(self, key: str, type_: type[T], suffix: str = ".json") -> T | None:
        """The stored value, or None. A file that is cut short, locked or of another type counts as absent."""
        with contextlib.suppress(OSError, msgspec.DecodeError, UnicodeError, RecursionError):
            return msgspec.json.decode(self.file(key, suffix).read_bytes(), type=type_)
        return None

    def put(self, key: str, value: object, suffix: str = ".json") -> None:
        """Stores a dataclass, named tuple or plain JSON value; a cache that cannot be written is not an error."""
        file = self.file(key, suffix)
        with contextlib.suppress(OSError, UnicodeError):
            file.parent.mkdir(parents=True, exist_ok=True)
            scratch = file.with_suffix(f".{os.getpid()}")
            scratch.write_bytes(msgspec.json.encode(value))
            scratch.replace(file)

    def prune(self, *, superseded: str = "") -> None:
        """
        Removes files that are old or beyond the size limit from the next few folders.

        `superseded` is a glob pattern of sibling directories (older versions) that are removed as a whole.
        """
        with contextlib.suppress(OSError, ValueError):  # another process may be writing the turn file
            turn = self.directory / _TURN
            if not self.directory.is_dir():
                return
            first = int(turn.read_text("ascii")) if turn.exists() else 0
            turn.write_text(str((first + _LOOKED_AT) % _FOLDERS), "ascii")
            now = turn.stat().st_mtime
            for number in range(first, first + _LOOKED_AT):
                self._prune(self.directory / f"{number % _FOLDERS:02x}", now)
            for other in self.directory.parent.glob(superseded) if superseded else ():
                if other != self.directory:
                    shutil.rmtree(other, ignore_errors=True)

    def _prune(self, folder: Path, now: float) -> None:
        room = self.most_bytes // _FOLDERS
        for used, size, path in sorted(_files(folder), reverse=True):
            room -= size
            if room < 0 or used + _LONGEST_UNUSED_S < now:
                with contextlib.suppress(OSError):
                    path.unlink()


def _files(folder: Path) -> Iterator[tuple[float, int, Path]]:
    """For each file, when it was last used (Unix seconds), its size in bytes, and its path."""
    if not folder.is_dir():
        return
    with os.scandir(folder) as items:
        for item in items:
            if item.is_file(follow_symlinks=False):
                seen = item.stat(follow_symlinks=False)
                yield max(seen.st_atime, seen.st_mtime), seen.st_size, Path(item.path)
