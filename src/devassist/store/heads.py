"""
The anchors outside the database: what the head of the chain was, and when.

A line of the heads file is `<database id> <seq> <hash> <time> <path tag> [<run>]`. The path tag binds the
database to the place it was at, so that another database put in its place is noticed.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from devassist.domain.failpoints import reach
from devassist.store.connection import sync_directory

_FIELDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """
    A head that was once written down somewhere else.

    `source` says where (for people). An empty `database_id` is taken to mean the database at hand.
    """

    seq: int
    hash: bytes
    source: str = ""
    database_id: str = ""
    at: str = ""
    path_tag: str = ""


def path_tag(path: Path) -> str:
    """Eight hex digits for where a database is."""
    return hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:8]


def append_head(heads_file: Path, anchor: Anchor, *, run: str = "") -> None:
    """Add a line, durably. Several processes may do so at once."""
    heads_file.parent.mkdir(parents=True, exist_ok=True)
    is_new = not heads_file.exists()
    words = (anchor.database_id, str(anchor.seq), anchor.hash.hex(), anchor.at, anchor.path_tag, run)
    line = " ".join(word for word in words if word) + "\n"
    flags = os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC
    file = os.open(heads_file, flags, 0o600)
    try:
        size = os.fstat(file).st_size
        # A crash may have torn the last line; ours must not become its tail.
        torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
        reach("anchor.write")
        os.write(file, (("\n" if torn else "") + line).encode())
        os.fsync(file)
    finally:
        os.close(file)
    if is_new:
        sync_directory(heads_file.parent)


def read_heads(path: Path) -> list[Anchor]:
    """The anchors in a heads file, in the order written; none without a file. Torn lines are skipped."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    lines = enumerate(text.splitlines(), start=1)
    return [anchor for number, line in lines if (anchor := _parsed(line, f"{path}:{number}")) is not None]


def replaced_by(heads: list[Anchor], tag: str, database_id: str) -> Anchor | None:
    """The newest anchor bound to this place, if it is of another database."""
    bound = [anchor for anchor in heads if anchor.path_tag == tag]
    return bound[-1] if bound and bound[-1].database_id != database_id else None


def _parsed(line: str, source: str) -> Anchor | None:
    words = line.split()
    if len(words) < _FIELDS:
        return None
    database_id, seq, digest, at, tag = words[:_FIELDS]
    try:
        return Anchor(
            seq=int(seq),
            hash=bytes.fromhex(digest),
            source=source,
            database_id=database_id,
            at=at,
            path_tag=tag,
        )
    except ValueError:
        return None
