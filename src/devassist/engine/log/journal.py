"""What the run knows: records made durable, folded into its state, and indexed as evidence."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from devassist.domain.events import Event, EventType, Record
from devassist.domain.handoffs import Evidence
from devassist.domain.run import RunState
from devassist.ports import Recorder

STEERING = (
    EventType.APPROVAL_DECIDED,
    EventType.NOTE_POSTED,
    EventType.TASK_RETRIED,
    EventType.STOP_REQUESTED,
)
"""What may be said to a run from another process."""


@dataclass
class Journal:
    """
    The run's way to the audit log. An EventSink as well: the log tells it of what became durable, in order.

    `state` is the fold; read it under `lock` when more than one field must agree.
    """

    run: str
    log: Recorder | None = None
    state: RunState = field(default_factory=RunState)
    lock: threading.RLock = field(default_factory=threading.RLock)
    evidence: dict[str, Evidence] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic
    waited_s: float = 0.0
    """Seconds that all threads together have waited for records to become durable."""
    followers: list[Callable[[Record], None]] = field(default_factory=list)
    """Told of each of the run's records after the fold; they must not wait for anything."""
    _calls: dict[str, list[Evidence]] = field(default_factory=dict)
    _heard: set[int] = field(default_factory=set)
    _deciding: threading.Lock = field(default_factory=threading.Lock)

    def record(self, *events: Event) -> Sequence[Record]:
        """Durable when it returns. Raises AuditError; then nothing may be done."""
        assert self.log is not None  # noqa: S101  the composition root sets it
        started = self.clock()
        try:
            return self.log.record(
                *(event if event.run else replace(event, run=self.run) for event in events)
            )
        finally:
            with self.lock:
                self.waited_s += self.clock() - started

    def record_unless(self, known: Callable[[RunState], bool], *events: Event) -> Sequence[Record]:
        """Record what is not `known` yet: looking and recording are one step for all who come this way."""
        with self._deciding:
            with self.lock:
                if known(self.state):
                    return ()
            return self.record(*events)

    def write(self, record: Record) -> None:
        """Take a record in, once: what others say to the run comes by way of the log and of the Ear."""
        if record.event.run != self.run:
            return
        with self.lock:
            if record.type in STEERING:
                if record.seq in self._heard:
                    return
                self._heard.add(record.seq)
            self.state.apply(record)
            if record.type is EventType.TOOL_CALLED:
                self._remember(record)
        for follower in tuple(self.followers):
            follower(record)

    def calls(self, task: str) -> Sequence[Evidence]:
        """The tool calls of one task, in order."""
        with self.lock:
            return list(self._calls.get(task, ()))

    def _remember(self, record: Record) -> None:
        data = record.data
        found = Evidence(
            id=record.id,
            task=record.event.task,
            number=record.seq,
            tool=data["name"],
            ok=bool(data["ok"]),
            reads=tuple(data.get("read", ())),
            wrote=tuple(data.get("wrote", ())),
            summary=data.get("summary", ""),
        )
        self.evidence[record.id] = found
        self._calls.setdefault(record.event.task, []).append(found)
