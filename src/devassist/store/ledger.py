"""The append path: one connection, plain statements, no threads; whoever calls opens the transaction."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from devassist.domain.errors import AuditError, NotFound
from devassist.domain.events import Event, Record, RedactionRecorded
from devassist.store import chain, codec, facts
from devassist.store.codec import TOMBSTONE
from devassist.store.connection import WriteLock, connect_writer, translated
from devassist.store.filters import iso
from devassist.store.migrations import migrate

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_INSERT_EVENT = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_DIGEST = "INSERT INTO digests VALUES (?, ?, ?)"
_INSERT_PAYLOAD = "INSERT INTO payloads VALUES (?, ?, ?, ?)"


class Head(NamedTuple):
    """The end of the chain; seq 0 with the genesis hash where nothing is recorded yet."""

    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Prepared:
    """An event made ready by its caller's thread: plain JSON data, its text, its long strings."""

    event: Event
    text: str
    bodies: Mapping[str, bytes]


def prepare(event: Event, redact: Callable[[Any], Any]) -> Prepared:
    """Take secrets out and pack. Raises AuditError for data that is not JSON; nothing is recorded then."""
    data = codec.normalise(redact(codec.normalise(facts.to_data(event.body))))
    if not isinstance(data, dict):
        raise AuditError(f"event data of {event.type} is not an object")
    packed = codec.pack_plain(data)
    clean = replace(
        event,
        body=facts.to_fact(event.type, data),
        run=codec.safe(event.run),
        task=codec.safe(event.task),
        agent=codec.safe(event.agent),
        parent=codec.safe(event.parent),
        id=codec.safe(event.id),
    )
    return Prepared(clean, packed.text, packed.bodies)


class Ledger:
    """Appends to one database. Not for use by two threads at once."""

    def __init__(
        self, path: Path, *, now: Callable[[], datetime], token: Callable[[int], bytes], root_commit: str
    ) -> None:
        self._now = now
        self._token = token
        with translated(f"open {path}"):
            path.parent.mkdir(parents=True, exist_ok=True)
            # Given back in reverse order where opening stops half-way.
            with ExitStack() as opened:
                self._lock = WriteLock(path)
                opened.callback(self._lock.close)
                with self._lock.held():
                    self.connection = connect_writer(path)
                    opened.callback(self.connection.close)
                    migrate(self.connection)
                    self._found(root_commit)
                self.database_id = self._meta("database_id")
                self._genesis = bytes.fromhex(self._meta("genesis"))
                opened.pop_all()

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Immediate: a deferred one that reads first fails at once under contention, busy timeout or not."""
        with self._lock.held():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.connection.execute("COMMIT")
            except BaseException:
                # SQLite rolls some failures back itself (a full disk, an I/O error).
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

    def head(self) -> Head:
        """Always read, never remembered: another process may have appended since."""
        row = self.connection.execute("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1").fetchone()
        return Head(*row) if row else Head(0, self._genesis)

    def append(self, items: Sequence[Prepared]) -> list[Record]:
        """Add all of `items`, or raise AuditError before anything is added where an id is taken."""
        self._refuse_taken_ids(items)
        seq, previous = self.head()
        records = []
        for item in items:
            record = self._append_one(item, Head(seq, previous))
            records.append(record)
            seq, previous = record.seq, record.hash
        return records

    def redact(self, seqs: Sequence[int], *, reason: str, by: str) -> list[Record]:
        """
        Take the data of `seqs` out for good, with their payloads, leaving the chain whole.

        A payload shared with other events is gone there too: a secret is a secret wherever it is read.
        """
        texts = [self._data_of(seq) for seq in seqs]
        payloads = codec.all_references(texts)
        at = iso(self._now())
        recorded = RedactionRecorded(seqs=tuple(seqs), reason=reason, by=by, payloads=tuple(payloads))
        run = self.connection.execute("SELECT run FROM events WHERE seq = ?", (seqs[0],)).fetchone()[0]
        for seq in seqs:
            row = (seq, codec.safe(reason), at, codec.safe(by), json.dumps(payloads))
            self.connection.execute("INSERT INTO tombstones VALUES (?, ?, ?, ?, ?)", row)
            self.connection.execute("UPDATE events SET data = ? WHERE seq = ?", (TOMBSTONE, seq))
            self.connection.execute("UPDATE digests SET salt = NULL WHERE seq = ?", (seq,))
        self.connection.executemany(
            "UPDATE payloads SET codec = 'redacted', body = X'' WHERE hash = ?",
            [(name,) for name in payloads],
        )
        return self.append([prepare(Event(recorded, run=run), lambda value: value)])

    def scrub_files(self) -> None:
        """Move the log into the database file and empty it: redacted text must not stay in old frames."""
        with self._lock.held():
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        # The last connection to close checkpoints, which is writing.
        with self._lock.held():
            self.connection.close()
        self._lock.close()

    def _append_one(self, item: Prepared, head: Head) -> Record:
        event = item.event
        seq = head.seq + 1
        moment = self._now()
        event = event if event.id else replace(event, id=self._new_id(moment, seq))
        salt = self._token(chain.SALT_BYTES)
        digest = chain.data_digest(salt, item.text)
        place = (event.id, iso(moment), event.run, event.task, event.agent, str(event.type), event.parent)
        link = chain.link(head.hash, seq, *place, digest)
        self.connection.execute(_INSERT_EVENT, (seq, *place, item.text, head.hash, link))
        self.connection.execute(_INSERT_DIGEST, (seq, salt, digest))
        for name, body in item.bodies.items():
            self._keep(name, body)
        return Record(seq=seq, at=place[1], event=event, hash=link)

    def _keep(self, name: str, body: bytes) -> None:
        known = self.connection.execute("SELECT 1 FROM payloads WHERE hash = ?", (name,)).fetchone()
        if not known:
            self.connection.execute(_INSERT_PAYLOAD, (name, *_sized(body)))

    def _refuse_taken_ids(self, items: Sequence[Prepared]) -> None:
        seen: set[str] = set()
        for wanted in (item.event.id for item in items if item.event.id):
            row = self.connection.execute("SELECT seq FROM events WHERE id = ?", (wanted,)).fetchone()
            if row or wanted in seen:
                raise AuditError(f"event id {wanted!r} is already recorded")
            seen.add(wanted)

    def _data_of(self, seq: int) -> str:
        row = self.connection.execute(
            "SELECT e.data, t.seq FROM events e LEFT JOIN tombstones t USING (seq) WHERE e.seq = ?", (seq,)
        ).fetchone()
        if row is None:
            raise NotFound(f"no event {seq}", hint="list them with 'devassist audit list'")
        if row[1] is not None:
            raise AuditError(f"event {seq} is already redacted")
        return str(row[0])

    def _new_id(self, moment: datetime, seq: int) -> str:
        """Sorts by time. The seq is mixed in, so that a test's constant `token` still gives distinct ids."""
        micros = int(moment.timestamp() * 1_000_000)
        mixed = hashlib.sha256(self._token(10) + seq.to_bytes(8, "big")).digest()
        return f"{_base32(micros, 12)}-{_base32(int.from_bytes(mixed[:8], 'big'), 10)}"

    def _found(self, root_commit: str) -> None:
        """Give a new database its identity."""
        if self.connection.execute("SELECT 1 FROM meta WHERE key = 'genesis'").fetchone():
            return
        database_id = self._token(16).hex()
        created = iso(self._now())
        rows = {
            "database_id": database_id,
            "created": created,
            "root_commit": root_commit,
            "genesis": chain.genesis(database_id, root_commit, created).hex(),
        }
        self.connection.execute("BEGIN IMMEDIATE")
        self.connection.executemany("INSERT INTO meta VALUES (?, ?)", list(rows.items()))
        self.connection.execute("COMMIT")

    def _meta(self, key: str) -> str:
        query = "SELECT value FROM meta WHERE key = ?"
        row: sqlite3.Row | None = self.connection.execute(query, (key,)).fetchone()
        if row is None:
            raise AuditError(f"the audit log has no {key}", hint="check it with 'devassist audit verify'")
        return str(row[0])


def _sized(body: bytes) -> tuple[str, int, bytes]:
    name, stored = codec.compress(body)
    return name, len(body), stored


def _base32(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, 32)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
