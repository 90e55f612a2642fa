"""
Whether the log is what was written.

Everything is recomputed, in one pass over one snapshot. The chain finds edits and gaps; only an anchor kept
elsewhere finds a tail that was cut or a log that was rewritten from some point on. So the answer names the
last event an anchor vouches for; what comes after it is unanchored.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devassist.domain.errors import AuditError, DevassistError
from devassist.store import chain, codec
from devassist.store.codec import TOMBSTONE
from devassist.store.connection import connect_reader
from devassist.store.heads import Anchor, path_tag, read_heads, replaced_by
from devassist.store.migrations import TRIGGERS

__all__ = ["Anchor", "Problem", "Verification", "read_heads", "verify"]

_EVENTS = """
SELECT e.*, d.seq AS digest_seq, d.salt, d.digest, t.seq AS tombstone
FROM events e LEFT JOIN digests d ON d.seq = e.seq LEFT JOIN tombstones t ON t.seq = e.seq ORDER BY e.seq"""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What does not hold, and at which event (0: the log as a whole)."""

    seq: int
    kind: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """
    The answer. Events up to `anchored_to` are vouched for from outside; later ones only by the chain.

    `anchored_to` is 0 if no anchor meets the log, None if there is no log to meet.
    """

    ok: bool
    events: int
    anchored_to: int | None
    problems: tuple[Problem, ...] = ()


def verify(path: Path, *, heads: Iterable[Anchor] = (), commit_heads: Iterable[Anchor] = ()) -> Verification:
    """
    Check the log at `path` against itself and against anchors.

    `heads` are lines of the heads file, `commit_heads` come from commit trailers. Anchors that name another
    database are not about this one (a colleague's merge), except a heads line bound to this very path.
    """
    try:
        opened = connect_reader(path)
    except AuditError as error:
        return Verification(
            ok=False, events=0, anchored_to=0, problems=(Problem(0, "unreadable", str(error)),)
        )
    with closing(opened) as connection:
        walk = _Walk(connection, path, list(heads), list(commit_heads))
        try:
            connection.execute("BEGIN")  # one snapshot, however busy the writer is
            walk.run()
        except (sqlite3.Error, TypeError, ValueError, KeyError, DevassistError) as error:
            walk.say(walk.last, "unreadable", f"reading stopped after event {walk.last}: {error}")
    problems = tuple(sorted(set(walk.problems)))
    return Verification(ok=not problems, events=walk.events, anchored_to=walk.anchored_to, problems=problems)


@dataclass(slots=True)
class _Walk:
    """One pass, and what it has found so far."""

    connection: sqlite3.Connection
    path: Path
    heads: list[Anchor]
    commit_heads: list[Anchor]
    problems: list[Problem] = field(default_factory=list)
    events: int = 0
    last: int = 0
    anchored_to: int = 0
    _anchors: dict[int, list[Anchor]] = field(default_factory=dict)
    _bad_payloads: dict[str, str] = field(default_factory=dict)
    _tombstoned: set[int] = field(default_factory=set)
    _announced: set[int] = field(default_factory=set)
    _erased_payloads: set[str] = field(default_factory=set)
    _announced_payloads: set[str] = field(default_factory=set)

    def say(self, seq: int, kind: str, detail: str) -> None:
        self.problems.append(Problem(seq, kind, detail))

    def run(self) -> None:
        meta = dict(self.connection.execute("SELECT key, value FROM meta").fetchall())
        self._check_identity(meta)
        self._check_triggers()
        self._check_payloads()
        previous = bytes.fromhex(meta.get("genesis", ""))
        self._meet_anchors(0, previous)
        for row in self.connection.execute(_EVENTS):
            self._check_place(row, previous)
            self._check_data(row)
            self._meet_anchors(row["seq"], row["hash"])
            previous = row["hash"]
            self.last = row["seq"]
            self.events += 1
        self._check_redactions()
        self._check_leftovers()

    def _check_identity(self, meta: dict[str, str]) -> None:
        ours = meta.get("database_id", "")
        expected = chain.genesis(ours, meta.get("root_commit", ""), meta.get("created", ""))
        if expected.hex() != meta.get("genesis"):
            self.say(0, "genesis", "the log's identity does not hash to its genesis")
        other = replaced_by(self.heads, path_tag(self.path), ours)
        if other is not None:
            fact = f"{other.source} knows database {other.database_id} at this place, up to event {other.seq}"
            self.say(0, "replaced", f"{fact}; this is {ours}")
        for anchor in (*self.heads, *self.commit_heads):
            if anchor.database_id in ("", ours):
                self._anchors.setdefault(anchor.seq, []).append(anchor)

    def _check_triggers(self) -> None:
        rows = self.connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for missing in sorted(set(TRIGGERS) - {row["name"] for row in rows}):
            self.say(0, "schema", f"trigger {missing} is missing")

    def _check_payloads(self) -> None:
        for row in self.connection.execute("SELECT hash, codec, size, body FROM payloads"):
            if row["codec"] == "redacted":
                self._erased_payloads.add(row["hash"])
                if row["body"] != b"":
                    self._bad_payloads[row["hash"]] = "altered"
                continue
            try:
                body = codec.decompress(row["codec"], row["body"])
            except (DevassistError, TypeError):
                self._bad_payloads[row["hash"]] = "altered"
                continue
            if hashlib.sha256(body).hexdigest() != row["hash"] or len(body) != row["size"]:
                self._bad_payloads[row["hash"]] = "altered"

    def _check_place(self, row: sqlite3.Row, previous: bytes) -> None:
        seq = row["seq"]
        if seq != self.last + 1:
            missing = (
                f"event {self.last + 1}" if seq == self.last + 2 else f"events {self.last + 1}-{seq - 1}"
            )
            self.say(self.last + 1, "gap", f"{missing} missing before event {seq}")
        elif row["prev_hash"] != previous:
            self.say(seq, "prev_hash", f"event {seq} does not follow event {self.last}")
        columns = ("id", "at", "run", "task", "agent", "type", "parent", "digest")
        if row["hash"] != chain.link(row["prev_hash"], seq, *(row[name] for name in columns)):
            self.say(seq, "hash", f"event {seq} does not have the hash it was recorded with")

    def _check_data(self, row: sqlite3.Row) -> None:
        seq = row["seq"]
        if row["tombstone"] is not None:
            self._tombstoned.add(seq)
            if row["data"] != TOMBSTONE or row["salt"] is not None:
                self.say(seq, "tombstone", f"event {seq} has a tombstone and still has data")
            return
        if row["digest_seq"] is None or row["salt"] is None or row["data"] is None:
            self.say(seq, "digest", f"event {seq} lost its data, salt or digest without a tombstone")
            return
        if chain.data_digest(row["salt"], row["data"]) != row["digest"]:
            self.say(seq, "data", f"the data of event {seq} was changed")
            return
        if row["type"] == "redaction.recorded":
            self._announce(codec.unpack(row["data"], self._body))
        for name in codec.references(row["data"]):
            self._check_reference(seq, name)

    def _announce(self, data: dict[str, Any]) -> None:
        self._announced.update(data["seqs"])
        self._announced_payloads.update(data["payloads"])

    def _body(self, name: str) -> bytes:
        row = self.connection.execute("SELECT codec, body FROM payloads WHERE hash = ?", (name,)).fetchone()
        return codec.decompress(row["codec"], row["body"])

    def _check_reference(self, seq: int, name: str) -> None:
        if name in self._bad_payloads:
            kind = self._bad_payloads[name]
            self.say(seq, f"payload-{kind}", f"payload {name} of event {seq} is {kind}")
            return
        if not self.connection.execute("SELECT 1 FROM payloads WHERE hash = ?", (name,)).fetchone():
            self.say(seq, "payload-missing", f"payload {name} of event {seq} is missing")

    def _meet_anchors(self, seq: int, digest: bytes) -> None:
        for anchor in self._anchors.pop(seq, ()):
            if anchor.hash == digest:
                self.anchored_to = max(self.anchored_to, seq)
            else:
                self.say(seq, "rewritten", f"{anchor.source} saw another event {seq}: {anchor.hash.hex()}")

    def _check_redactions(self) -> None:
        """A tombstone must be owned up to by an event in the chain, and the other way round."""
        rows = self.connection.execute("SELECT seq FROM tombstones ORDER BY seq")
        tombstones = {row["seq"] for row in rows}
        for seq in sorted(tombstones - self._announced):
            self.say(seq, "tombstone", f"event {seq} has a tombstone that no redaction recorded")
        for seq in sorted(self._announced - tombstones):
            self.say(seq, "tombstone", f"event {seq} was redacted and its tombstone is missing")
        for name in sorted(self._erased_payloads - self._announced_payloads):
            self.say(0, "payload-altered", f"payload {name} was emptied without a redaction")

    def _check_leftovers(self) -> None:
        for seq, anchors in sorted(self._anchors.items()):
            sources = ", ".join(anchor.source for anchor in anchors)
            kind = "truncated" if seq > self.last else "gap"
            self.say(seq, kind, f"{sources} saw event {seq}; the log ends at event {self.last}")
        orphans = "SELECT seq FROM digests WHERE seq NOT IN (SELECT seq FROM events) ORDER BY seq"
        for row in _some(self.connection.execute(orphans)):
            self.say(row["seq"], "truncated", f"event {row['seq']} is gone; its digest is still there")


def _some(rows: Iterable[sqlite3.Row]) -> Iterator[sqlite3.Row]:
    """Enough to see the pattern, not a million lines."""
    yield from (row for row, _ in zip(rows, range(100), strict=False))
