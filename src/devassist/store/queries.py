"""
Reading the audit log: events by filter, runs by prefix, and SQL of one's own that cannot write.

Every connection is `mode=ro`. Rows come in short pages, so a reader that dawdles holds no snapshot open and
the writer's log can be folded back into the database.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from devassist.domain.errors import AuditError, AuditTampered, Interrupted, NotFound, UsageError
from devassist.domain.events import Event, EventType, Record, Withheld
from devassist.store import codec, facts
from devassist.store.codec import TOMBSTONE
from devassist.store.connection import connect_reader, translated
from devassist.store.filters import EventFilter
from devassist.store.run_ids import select_runs

EVERYTHING = EventFilter()

_PAGE = 256
_COLUMNS = "seq, id, at, run, task, agent, type, parent, data, hash"
_CANDIDATES = 10
_PRAGMAS = frozenset({"table_info", "table_xinfo", "table_list", "index_list", "index_info"})
_READING = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE})
_STEPS_PER_PULSE = 100_000


class AuditReader:
    """Asks one log. Raises NotFound where there is none yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = connect_reader(path)
        with translated("be read"):
            known = self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'events'").fetchone()
        if known is None:
            self._connection.close()
            raise NotFound(
                "this repository has no runs yet", hint="devassist run 'what is wanted' starts one"
            )

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def events(
        self, wanted: EventFilter = EVERYTHING, *, raw: bool = False, raw_types: Collection[str] = ()
    ) -> Iterator[Record]:
        """Events in order. With `raw`, long strings are left out; with `raw_types`, those of these types are."""
        left = wanted.limit
        for row in self._rows(wanted):
            if left is not None and left <= 0:
                return
            if wanted.text and not self._mentions(row["data"], wanted.text):
                continue
            yield _record(row, _left_out if raw or row["type"] in raw_types else self.payload)
            left = None if left is None else left - 1

    def event(self, id_or_seq: str | int, *, raw: bool = False) -> Record:
        """The event with this id, or at this place. Raises NotFound."""
        query = f"SELECT {_COLUMNS} FROM events WHERE id = ?1 OR seq = ?2"  # noqa: S608 -- our constant
        seq = int(id_or_seq) if str(id_or_seq).isdecimal() else -1
        row = self._one(query, (str(id_or_seq), seq))
        if row is None:
            raise NotFound(f"no event {id_or_seq}", hint="list them with 'devassist audit list'")
        return _record(row, _left_out if raw else self.payload)

    def runs(self) -> list[str]:
        """Every run, newest first."""
        return select_runs(self._connection)

    def find_run(self, prefix: str) -> str:
        """The run that `prefix` alone begins, or `@last`. Raises NotFound, naming what it could have been."""
        runs = self.runs()
        if prefix == "@last" and runs:
            return runs[0]
        if prefix in runs:
            return prefix
        matching = [run for run in runs if prefix and run.startswith(prefix)]
        if len(matching) == 1:
            return matching[0]
        if not runs:
            raise NotFound(
                "this repository has no runs yet", hint="devassist run 'what is wanted' starts one"
            )
        shown = matching or runs
        more = ", ..." if len(shown) > _CANDIDATES else ""
        fact = f"several runs begin with {prefix!r}" if matching else f"no run begins with {prefix!r}"
        raise NotFound(fact, hint=f"name one of: {', '.join(shown[:_CANDIDATES])}{more}")

    def search(self, text: str, wanted: EventFilter = EVERYTHING) -> Iterator[Record]:
        """Events whose data or payloads contain `text`, whatever its case."""
        return self.events(replace(wanted, text=text))

    def tail(self, after_seq: int, *, limit: int | None = None) -> list[Record]:
        """What came after `after_seq`, up to now. Ask again with the last seq to follow a run."""
        return list(self.events(EventFilter(after_seq=after_seq, limit=limit)))

    def data_version(self) -> int:
        """A number that changes whenever anybody has written to the log since this connection last looked."""
        with translated("be read"):
            return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def head(self) -> tuple[int, bytes]:
        """(seq, hash) of the newest event; (0, genesis) where there is none."""
        row = self._one("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1", ())
        return (row["seq"], row["hash"]) if row else (0, bytes.fromhex(self.meta("genesis")))

    def meta(self, key: str) -> str:
        """`database_id`, `created`, `root_commit` or `genesis`."""
        row = self._one("SELECT value FROM meta WHERE key = ?", (key,))
        if row is None:
            raise AuditError(f"the audit log has no {key}", hint="check it with 'devassist audit verify'")
        return str(row["value"])

    def payload(self, digest: str) -> bytes:
        """The long string behind a reference, as UTF-8; `[redacted]` where it was taken out."""
        row = self._one("SELECT codec, body FROM payloads WHERE hash = ?", (digest,))
        if row is None:
            raise AuditTampered(f"payload {digest} is missing", hint="check with 'devassist audit verify'")
        return codec.decompress(row["codec"], row["body"])

    def select(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> Iterator[dict[str, Any]]:
        """The rows of one SELECT of the user's. Raises UsageError for SQL that is wrong or would write."""
        connection = connect_reader(self.path)
        try:
            connection.set_authorizer(_only_reading)
            # Gives Python a turn now and then, so that Ctrl-C ends a query that would not.
            connection.set_progress_handler(lambda: 0, _STEPS_PER_PULSE)
            for row in connection.execute(sql, params):
                yield dict(row)
        except (sqlite3.Error, sqlite3.Warning) as error:
            if "interrupted" in str(error):
                raise Interrupted("the query was interrupted") from error
            hint = "tables and views: events runs tasks agents model_calls tool_calls commands decisions"
            hint += " handoffs approvals conflicts commits costs; the log is read-only"
            raise UsageError(f"SQL: {error}", hint=hint) from error
        finally:
            connection.close()

    def _rows(self, wanted: EventFilter) -> Iterator[sqlite3.Row]:
        clause, params = wanted.where()
        descending = wanted.newest_first
        # One bound pages on; the other stays.
        beyond, order = ("seq > ? AND seq < ?", "DESC") if descending else ("seq > ? AND seq <= ?", "ASC")
        low, high = wanted.after_seq, 2**62
        query = (
            f"SELECT {_COLUMNS} FROM events WHERE {beyond} AND {clause} ORDER BY seq {order} LIMIT {_PAGE}"  # noqa: S608 -- ours
        )
        while True:
            with translated("be read"):
                page = self._connection.execute(query, (low, high, *params)).fetchall()
            yield from page
            if len(page) < _PAGE:
                return
            low, high = (low, page[-1]["seq"]) if descending else (page[-1]["seq"], high)

    def _mentions(self, data: str, text: str) -> bool:
        """In the text as stored (where quotes and newlines are escaped), as written, or in a payload."""
        wanted = text.casefold()
        escaped = json.dumps(text, ensure_ascii=False)[1:-1].casefold()
        stored = data.casefold()
        if wanted in stored or escaped in stored:
            return True
        bodies = (self.payload(name) for name in codec.references(data))
        return any(wanted in body.decode("utf-8", "replace").casefold() for body in bodies)

    def _one(self, query: str, params: Sequence[Any]) -> sqlite3.Row | None:
        with translated("be read"):
            row: sqlite3.Row | None = self._connection.execute(query, params).fetchone()
        return row


def _record(row: sqlite3.Row, fetch: Callable[[str], bytes]) -> Record:
    try:
        kind = EventType(row["type"])
    except ValueError as error:
        raise AuditError(
            f"event {row['seq']} has the type {row['type']!r}, which this version does not know",
            hint="upgrade devassist",
        ) from error
    text = row["data"]
    event = Event(
        Withheld(type=kind) if text == TOMBSTONE else facts.to_fact(kind, codec.unpack(text, fetch)),
        run=row["run"],
        task=row["task"],
        agent=row["agent"],
        parent=row["parent"],
        id=row["id"],
    )
    return Record(seq=row["seq"], at=row["at"], event=event, hash=row["hash"])


def _left_out(_digest: str) -> bytes:
    return b""


def _only_reading(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    if action in _READING:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION and second != "load_extension":
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA and first in _PRAGMAS:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY
