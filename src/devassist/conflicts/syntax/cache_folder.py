"""
A directory of results that can be made again: kept on disk, and pruned a little each time it is opened.

Files lie in 256 folders by the beginning of their key. Opening looks at a few folders only, the next ones each time,
so that it costs the same however much there is.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FOLDERS = 256
_LOOKED_AT = 8
_LONGEST_UNUSED_S = 60 * 86_400
_TURN = "turn"


@dataclass(frozen=True, slots=True)
class CacheFolder:
    """`directory` holds at most about `most_bytes`, least recently used files going first."""

    directory: Path
    most_bytes: int = 512_000_000

    def file(self, key: str, suffix: str = ".json") -> Path:
        """Where the result for a key (hexadecimal) is, or would be."""
        return self.directory / key[:2] / f"{key[2:]}{suffix}"

    def text(self, key: str, suffix: str = ".json") -> str | None:
        """The text kept for a key. One cut short, locked or half written by a crash is as good as absent."""
        with contextlib.suppress(OSError, ValueError):
            return self.file(key, suffix).read_text("utf-8")
        return None

    def put(self, key: str, text: str, suffix: str = ".json") -> None:
        """Keep a text; a cache that cannot be written is no error."""
        file = self.file(key, suffix)
        with contextlib.suppress(OSError, UnicodeError):
            file.parent.mkdir(parents=True, exist_ok=True)
            scratch = file.with_suffix(f".{os.getpid()}")
            scratch.write_text(text, "utf-8")
            scratch.replace(file)

    def value(self, key: str) -> Any:
        """The JSON value kept for a key, or None."""
        text = self.text(key)
        with contextlib.suppress(ValueError, RecursionError):
            return None if text is None else json.loads(text)
        return None

    def prune(self, *, superseded: str = "") -> None:
        """Remove what was not used for long or is too much, in the next folders; and all `superseded` siblings."""
        with contextlib.suppress(OSError, ValueError):  # another process is just writing whose turn it is
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
    """When each file was last used, its size, and where it is."""
    if not folder.is_dir():
        return
    with os.scandir(folder) as found:
        for item in found:
            if item.is_file(follow_symlinks=False):
                seen = item.stat(follow_symlinks=False)
                yield max(seen.st_atime, seen.st_mtime), seen.st_size, Path(item.path)
