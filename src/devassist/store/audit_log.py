"""
The one way into the audit log: `record` returns when the events are on the disk.

A single thread writes. What callers hand in while it waits for the disk goes into the next transaction
together (group commit), which is as fast as the disk allows without anybody lingering for company.
An audit write that fails stops the log for good: nothing may happen that is not recorded.
"""

from __future__ import annotations

import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from devassist.domain.errors import AuditError, DevassistError
from devassist.domain.events import Event, Record, WarningRaised
from devassist.ports import EventSink
from devassist.store.filters import iso
from devassist.store.heads import Anchor, append_head, path_tag, read_heads, replaced_by
from devassist.store.ledger import Head, Ledger, Prepared, prepare

CHECKPOINT_EVERY = 1000
_BATCH_LIMIT = 256
_LIVENESS_S = 5.0


@dataclass(slots=True)
class _Request:
    """Work for the writer thread, and the place its caller waits."""

    work: Callable[[Ledger], Sequence[Record]]
    scrubs: bool = False
    done: threading.Event = field(default_factory=threading.Event)
    records: Sequence[Record] = ()
    error: DevassistError | None = None


class AuditLog:
    """A Recorder over SQLite. Open it with `AuditLog.open`; close it, or use it as a context manager."""

    def __init__(
        self,
        ledger: Ledger,
        path: Path,
        *,
        heads_file: Path | None,
        now: Callable[[], datetime],
        sinks: Sequence[EventSink],
        redact: Callable[[Any], Any],
    ) -> None:
        self.path = path
        self.sinks = list(sinks)
        self.state: EventSink | None = None
        self._ledger = ledger
        self._heads_file = heads_file
        self._now = now
        self._redact = redact
        self._requests: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._gate = threading.Lock()  # guards _refusal together with what is put in the queue
        self._refusal: AuditError | None = None
        self._anchored = -1  # the seq of our newest line in the heads file
        self._thread = threading.Thread(target=self._write_all, name="devassist-audit", daemon=True)
        self._thread.start()

    @classmethod
    def open(  # noqa: PLR0913  what a writer stands on, each by name
        cls,
        path: Path,
        *,
        heads_file: Path | None,
        now: Callable[[], datetime],
        token: Callable[[int], bytes] = os.urandom,
        root_commit: str = "",
        sinks: Sequence[EventSink] = (),
        state: EventSink | None = None,
        redact: Callable[[Any], Any] = lambda data: data,
    ) -> Self:
        """
        Open or create the log at `path`. Says in the log itself where it took another log's place.

        `sinks` are views: one that raises is taken off with a warning. `state` is what the caller acts on: it has each
        record before `record` returns, and if it raises the log stops.
        """
        ledger = Ledger(path, now=now, token=token, root_commit=root_commit)
        log = cls(ledger, path, heads_file=heads_file, now=now, sinks=sinks, redact=redact)
        log.state = state
        lost = replaced_by(read_heads(heads_file), path_tag(path), ledger.database_id) if heads_file else None
        if lost is not None:
            fact = f"another audit log, {lost.database_id}, was at this place and reached event {lost.seq}"
            log.record(Event(WarningRaised(kind="audit.replaced", text=fact)))
            log.checkpoint()
        return log

    @property
    def database_id(self) -> str:
        """Random, given at creation; heads and trailers name it."""
        return self._ledger.database_id

    def record(self, *events: Event) -> Sequence[Record]:
        """
        Make `events` durable, together and in this order, and return them with their place.

        Raises AuditError where one cannot be: an id is taken (the log goes on), or the disk failed (it
        does not, and neither may the caller).
        """
        if not events:
            return ()
        prepared: list[Prepared] = [prepare(event, self._redact) for event in events]
        return self._ask(lambda ledger: ledger.append(prepared))

    def redact(self, *seqs: int, reason: str, by: str) -> Record:
        """Remove the data of these events, leaving tombstones and a `redaction.recorded` event."""
        if not seqs:
            raise AuditError("no event was named to redact")

        def take_out(ledger: Ledger) -> Sequence[Record]:
            return ledger.redact(sorted(set(seqs)), reason=reason, by=by)

        return self._ask(take_out, scrubs=True)[0]

    def head(self) -> Head:
        """The end of the chain now, whoever wrote it."""
        heads: list[Head] = []

        def look(ledger: Ledger) -> Sequence[Record]:
            heads.append(ledger.head())
            return ()

        self._ask(look)
        return heads[0]

    def checkpoint(self, run: str = "") -> Head:
        """Write the head down outside the repository, so that a cut or rewritten log is found out."""
        head = self.head()
        try:
            self._anchor(head, run)
        except OSError as error:
            raise AuditError(
                f"the head of the audit log could not be written to {self._heads_file}: {error}"
            ) from error
        return head

    def close(self) -> None:
        """Finish what was handed in, write the head down, and let go of the files. Closing twice is fine."""
        with self._gate:
            if self._refusal is None:
                self._refusal = AuditError("the audit log is closed")
                self._requests.put(None)
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, work: Callable[[Ledger], Sequence[Record]], *, scrubs: bool = False) -> Sequence[Record]:
        if threading.current_thread() is self._thread:
            raise AuditError("an event sink may not record: it would wait for itself")
        request = _Request(work, scrubs)
        with self._gate:
            if self._refusal is not None:
                raise AuditError(str(self._refusal), hint=self._refusal.hint)
            self._requests.put(request)
        while not request.done.wait(_LIVENESS_S):
            if not self._thread.is_alive() and not request.done.is_set():
                raise AuditError("the audit log's writer is gone")
        if request.error is not None:
            raise request.error
        return request.records

    # Below here everything runs on the writer thread.

    def _write_all(self) -> None:
        batch: list[_Request] = []
        try:
            open_ended = True
            while open_ended:
                batch, open_ended = self._next_batch()
                self._serve(batch)
            self._anchor_or_warn()
        except Exception as error:  # noqa: BLE001 -- whatever it is, nobody may wait for ever
            self._refuse(error, batch)
        finally:
            self._let_go()

    def _next_batch(self) -> tuple[list[_Request], bool]:
        """What is waiting, at least one; and whether more may come."""
        batch: list[_Request] = []
        request = self._requests.get()
        while request is not None:
            batch.append(request)
            if len(batch) == _BATCH_LIMIT:
                return batch, True
            try:
                request = self._requests.get_nowait()
            except queue.Empty:
                return batch, True
        return batch, False

    def _serve(self, batch: Sequence[_Request]) -> None:
        if not batch:
            return
        with self._ledger.transaction():
            for request in batch:
                try:
                    request.records = request.work(self._ledger)
                except DevassistError as error:  # refused before it wrote anything; the others go on
                    request.error = error
        if any(request.scrubs for request in batch):
            self._ledger.scrub_files()
        records = [record for request in batch for record in request.records]
        self._tell(records)
        for request in batch:
            request.done.set()
        if any(record.seq % CHECKPOINT_EVERY == 0 for record in records):
            self._anchor_or_warn()

    def _tell(self, records: Sequence[Record]) -> None:
        if self.state is not None:
            for record in records:
                self.state.write(record)
        for sink in tuple(self.sinks):
            try:
                for record in records:
                    sink.write(record)
            except Exception as error:  # noqa: BLE001 -- a view that breaks must not cost the record
                self.sinks.remove(sink)
                self._warn("audit.sink", f"{type(sink).__name__} no longer gets events: {error!r}", records)

    def _warn(self, kind: str, message: str, records: Sequence[Record]) -> None:
        run = records[-1].event.run if records else ""
        event = Event(WarningRaised(kind=kind, text=message), run=run)
        self._serve([_Request(lambda ledger: ledger.append([prepare(event, self._redact)]))])

    def _anchor(self, head: Head, run: str = "") -> None:
        if self._heads_file is None:
            return
        anchor = Anchor(
            seq=head.seq,
            hash=head.hash,
            database_id=self.database_id,
            at=iso(self._now()),
            path_tag=path_tag(self.path),
        )
        append_head(self._heads_file, anchor, run=run)
        self._anchored = head.seq

    def _anchor_if_moved(self) -> None:
        head = self._ledger.head()
        if head.seq not in (0, self._anchored):
            self._anchor(head)

    def _anchor_or_warn(self) -> None:
        try:
            self._anchor_if_moved()
        except OSError as error:
            self._warn("audit.checkpoint", f"no line could be added to {self._heads_file}: {error}", ())

    def _refuse(self, cause: Exception, batch: Sequence[_Request]) -> None:
        """Fail-stop: everybody waiting hears it, and so does everybody who comes later."""
        refusal = _refusal_for(cause)
        with self._gate:
            self._refusal = refusal
            waiting = [*batch, *self._drained()]
        for request in [request for request in waiting if not request.done.is_set()]:
            request.error = AuditError(str(refusal), hint=refusal.hint)
            request.done.set()

    def _drained(self) -> list[_Request]:
        requests: list[_Request] = []
        while not self._requests.empty():  # nobody else takes from it
            if (request := self._requests.get_nowait()) is not None:
                requests.append(request)
        return requests

    def _let_go(self) -> None:
        with suppress(sqlite3.Error, OSError, AuditError):  # every acknowledged event is durable already
            self._ledger.close()


def _refusal_for(cause: Exception) -> AuditError:
    match cause:
        case sqlite3.Error() | OSError():
            hint = "free space or repair the disk, then 'devassist resume'"
            return AuditError(f"the audit log could not be written: {cause}", hint=hint)
        case DevassistError():
            return AuditError(f"the audit log stopped: {cause}", hint=cause.hint)
        case _:
            return AuditError(f"the audit log stopped: {cause!r}")
