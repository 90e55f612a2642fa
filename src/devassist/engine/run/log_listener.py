"""Hears what is said to a run from outside: answers, notes, retries, a stop. And shows that the run lives."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from devassist.domain.errors import DevassistError
from devassist.domain.events import Event, EventType, Record
from devassist.engine.context import RunContext
from devassist.engine.run.inbox import Inbox, LogChanged

LISTEN_S = 0.1
BEAT_S = 30.0
_GC_S = 3600.0


@dataclass
class Ear:
    """A thread that follows the log. `inbox` is told what concerns a task; a stop pulls the switch."""

    context: RunContext
    inbox: Inbox
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._listen, name="ear", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _listen(self) -> None:
        context = self.context
        seq = context.journal.state.last_seq
        beaten = touched = context.clock()
        while not self._over.wait(LISTEN_S):
            try:
                heard = context.heard(seq)
            except DevassistError:  # the log is busy for a moment: it is asked again
                continue
            for record in heard:
                seq = max(seq, record.seq)
                context.journal.write(record)
                context.overheard(record)
                self._act(record)
            now = context.clock()
            if now - beaten > BEAT_S:
                beaten = now
                context.journal.record(Event(type=EventType.RUN_BEAT, data={"pid": context.pid}))
            if now - touched > _GC_S:
                touched = now
                context.repository.touch_gc(context.pid)

    def _act(self, record: Record) -> None:
        self.inbox.post(LogChanged())
        if record.type is EventType.STOP_REQUESTED:
            who = record.data.get("who", "a person")
            self.context.stop.explain(f"stopped by {who}")
            self.context.stop.pull(
                "stopped", f"stopped by {who}", exit_code=130, now=bool(record.data.get("now"))
            )
