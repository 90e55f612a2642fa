"""
The index file itself: read, edited and written whole, under its lock.

libgit2 can neither set skip-worktree nor take a file's stat together with an id hashed earlier; both are needed
here: the first for sparse checkouts, the second so that a file changed meanwhile never looks clean.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from devassist.domain.errors import RepositoryError
from devassist.domain.failpoints import reach
from devassist.git.objects.errors import patiently, translated
from devassist.git.objects.trees import Entry

_HEAD = struct.Struct(">4sII")
_FIXED = struct.Struct(">10I20sH")
_NO_STAT = (0,) * 10
_EXTENDED, _STAGE, _NAME = 0x4000, 0x3000, 0x0FFF
_SKIP = 0x4000
_V2, _V3, _V4 = 2, 3, 4


_WHOLE = {
    " sdir ": "Run 'git sparse-checkout reapply --no-sparse-index'",
    " link ": "Run 'git config core.splitIndex false' and 'git update-index --no-split-index'",
}
"""Extensions by which an index leaves rows out, and the commands that write them into it again."""


class Row(NamedTuple):
    """One entry: ten stat words (the seventh is the mode), id, flags. A tuple, because there are many."""

    words: tuple[int, ...]
    id: bytes
    flags: int = 0
    extended: int = 0

    @property
    def entry(self) -> Entry:
        return Entry(self.words[6], self.id.hex())

    @property
    def skipped(self) -> bool:
        return bool(self.extended & _SKIP)

    def is_as_written(self, seen: os.stat_result, index_ns: int) -> bool:
        """Whether a file is as it was when git wrote this row, and older than the index, as git itself tells it."""
        now = _stat_words(seen)
        # Some programs write no nanoseconds; device and owner differ where a directory was moved or mounted.
        numbers = (2, 5, 9) if self.words[3] == 0 else (2, 3, 5, 9)
        return seen.st_mtime_ns <= index_ns and all(self.words[n] == now[n] for n in numbers)


def row_for(entry: Entry, seen: os.stat_result | None, *, skipped: bool = False) -> Row:
    """A row for `entry`; `seen` is the file's stat taken before its content was read."""
    words = _NO_STAT if seen is None else _stat_words(seen)
    return Row((*words[:6], entry.mode, *words[7:]), bytes.fromhex(entry.id), 0, _SKIP if skipped else 0)


def _stat_words(seen: os.stat_result) -> tuple[int, ...]:
    changed, modified = divmod(seen.st_ctime_ns, 10**9), divmod(seen.st_mtime_ns, 10**9)
    return (
        changed[0] & 0xFFFFFFFF,
        changed[1],
        modified[0] & 0xFFFFFFFF,
        modified[1],
        seen.st_dev & 0xFFFFFFFF,
        seen.st_ino & 0xFFFFFFFF,
        seen.st_mode,
        seen.st_uid,
        seen.st_gid,
        seen.st_size & 0xFFFFFFFF,
    )


@dataclass(slots=True)
class IndexFile:
    """The rows of one index, by (path bytes, stage)."""

    path: Path
    rows: dict[tuple[bytes, int], Row] = field(default_factory=dict)
    written_ns: int = 0
    """When the file was written."""

    @classmethod
    def load(cls, path: Path) -> IndexFile:
        try:
            with translated("read the index"):
                data, written_ns = path.read_bytes(), path.stat().st_mtime_ns
        except RepositoryError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return cls(path)
            raise
        try:
            return cls(path, _parsed(data), written_ns)
        except (struct.error, ValueError, IndexError) as error:
            raise RepositoryError(
                f"The index {path} cannot be read: {error}",
                hint=next((hint for word, hint in _WHOLE.items() if word in str(error)), "Run 'git status'"),
            ) from error

    def find(self, path: str) -> Row | None:
        return self.rows.get((os.fsencode(path), 0))

    @property
    def skipped(self) -> frozenset[str]:
        return frozenset(os.fsdecode(path) for (path, _stage), row in self.rows.items() if row.skipped)

    def put(self, path: str, row: Row | None) -> None:
        """Set or remove one path, as one that is merged."""
        name = os.fsencode(path)
        for stage in range(4):
            self.rows.pop((name, stage), None)
        if row is not None:
            self.rows[(name, 0)] = row

    def skip(self, path: str) -> None:
        row = self.find(path)
        if row is not None:
            self.rows[(os.fsencode(path), 0)] = row._replace(extended=row.extended | _SKIP)

    def serialised(self) -> bytes:
        extended = any(row.extended for row in self.rows.values())
        parts = [_HEAD.pack(b"DIRC", _V3 if extended else _V2, len(self.rows))]
        for (path, stage), row in sorted(self.rows.items()):
            flags = row.flags | stage << 12 | min(len(path), _NAME) | (_EXTENDED if row.extended else 0)
            raw = _FIXED.pack(*row.words, row.id, flags)
            if row.extended:
                raw += struct.pack(">H", row.extended)
            raw += path
            parts.append(raw + b"\0" * (8 - len(raw) % 8))
        data = b"".join(parts)
        return data + hashlib.sha1(data, usedforsecurity=False).digest()


@contextmanager
def locked_index(path: Path) -> Iterator[IndexFile]:
    """The index under git's own lock; written when the block ends without an error."""
    lock = path.with_name(path.name + ".lock")

    def take() -> int:
        try:
            return os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            raise OSError(f"{lock} is held by another process") from None

    with translated("lock the index"):
        descriptor = patiently(take)
    try:
        with os.fdopen(descriptor, "wb") as file:
            index = IndexFile.load(path)
            yield index
            with translated("write the index"):
                file.write(index.serialised())
                file.flush()
                os.fsync(file.fileno())
            reach("index.write")
        with translated("write the index"):
            lock.replace(path)
    except BaseException:
        lock.unlink(missing_ok=True)
        raise


def _parsed(data: bytes) -> dict[tuple[bytes, int], Row]:
    magic, version, count = _HEAD.unpack_from(data)
    if magic != b"DIRC" or version not in {_V2, _V3, _V4}:
        raise ValueError(f"version {version} is not known")
    rows: dict[tuple[bytes, int], Row] = {}
    at, path = _HEAD.size, b""
    for _ in range(count):
        start = at
        *words, oid, flags = _FIXED.unpack_from(data, at)
        at += _FIXED.size
        extended = 0
        if flags & _EXTENDED:
            (extended,) = struct.unpack_from(">H", data, at)
            at += 2
        if version == _V4:
            drop, at = _varint(data, at)
            end = data.index(b"\0", at)
            path = path[: len(path) - drop] + data[at:end]
            at = end + 1
        else:
            end = data.index(b"\0", at)
            path = data[at:end]
            at = start + (end - start) // 8 * 8 + 8
        rows[(path, (flags & _STAGE) >> 12)] = Row(tuple(words), oid, flags & 0x8000, extended)
    _check_extensions(data, at)
    return rows


def _check_extensions(data: bytes, at: int) -> None:
    while at + 8 <= len(data) - 20:
        name, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "big")
        # Upper case names are caches that may be dropped; the others change what the rows mean.
        if not name[:1].isupper():
            raise ValueError(
                f"it uses the extension {name.decode('ascii', 'replace')} (sparse or split index)"
            )
        at += 8 + length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    byte = data[at]
    at += 1
    value = byte & 0x7F
    while byte & 0x80:
        byte = data[at]
        at += 1
        value = ((value + 1) << 7) | (byte & 0x7F)
    return value, at
