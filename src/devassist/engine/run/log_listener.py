"""Listens for decisions, notes and stop requests that other processes record for this run, and shows that it lives."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from devassist.domain.errors import DevassistError
from devassist.domain.events import Event, Record, RunBeat, StopRequested
from devassist.domain.statuses import Outcome
from devassist.engine.context import RunContext
from devassist.engine.run.inbox import Inbox, LogChanged

POLL_S = 0.1
BEAT_S = 30.0
_GC_S = 3600.0
_DEAF_S = 60.0
"""How long the log may be unreadable: a person's stop must not go unheard for longer."""


@dataclass
class LogListener:
    """
    A context manager around the run: a thread that reads what is new in the log into the journal.

    A stop request pulls the switch; for everything else the coordinator is only woken, and looks at the state.
    If the thread breaks, the run ends as failed.
    """

    context: RunContext
    inbox: Inbox
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._work, name="log-listener", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _work(self) -> None:
        try:
            self._listen()
        except BaseException as error:  # noqa: BLE001  a run that hears nobody must not go on in silence
            reason = str(error) if isinstance(error, DevassistError) else repr(error)
            hint = error.hint if isinstance(error, DevassistError) else ""
            fact = f"the run can no longer listen to its log: {reason}"
            self.context.stop.pull(
                Outcome.FAILED, fact, exit_code=DevassistError.exit_code, hint=hint, now=True
            )
            self.inbox.post(LogChanged())

    def _listen(self) -> None:
        context = self.context
        seq = context.journal.state.last_seq
        beaten = touched = read = context.clock()
        while not self._over.wait(POLL_S):
            context.journal.check()
            now = context.clock()
            try:
                records = context.steering(seq)
            except DevassistError:  # the log is busy for a moment: it is asked again
                if now - read > _DEAF_S:
                    raise
                continue
            read = now
            for record in records:
                seq = max(seq, record.seq)
                context.journal.write(record)
                context.show(record)
                self._act(record)
            if now - beaten > BEAT_S:
                beaten = now
                context.journal.record(Event(RunBeat(pid=context.pid)))
            if now - touched > _GC_S:
                touched = now
                context.repository.touch_gc(context.pid)

    def _act(self, record: Record) -> None:
        if isinstance(record.body, StopRequested):
            reason = f"stopped by {record.body.who or 'a person'}"
            self.context.stop.explain(reason)
            self.context.stop.pull(Outcome.STOPPED, reason, exit_code=130, now=record.body.now)
        self.inbox.post(LogChanged())
