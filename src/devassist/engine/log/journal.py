"""What the run knows: records made durable, folded into its state, and indexed as evidence."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from devassist.domain.claims.checking import Evidence
from devassist.domain.errors import AuditError
from devassist.domain.events import Event, EventType, Record, WarningRaised
from devassist.domain.roles import COMMAND_TOOLS
from devassist.domain.state.run import RunState
from devassist.engine.log.evidence_index import EvidenceIndex, FileRead
from devassist.ports import Recorder

STEERING = (
    EventType.APPROVAL_DECIDED,
    EventType.NOTE_POSTED,
    EventType.TASK_RETRIED,
    EventType.STOP_REQUESTED,
)
"""What another process may record about a run to steer it."""


@dataclass
class Journal:
    """
    The run's way to the audit log, and its state: the log hands over each record as soon as it is durable, in order.

    `state` is the fold; read it under `lock` if more than one field must agree. A record that the fold cannot take in
    leaves the state unknown: from then on nothing but the run's last event is recorded.
    """

    run: str
    log: Recorder | None = None
    state: RunState = field(default_factory=RunState)
    lock: threading.RLock = field(default_factory=threading.RLock)
    index: EvidenceIndex = field(default_factory=EvidenceIndex)
    clock: Callable[[], float] = time.monotonic
    waited_s: float = 0.0
    """Seconds that all threads together have waited for records to become durable."""
    followers: list[Callable[[Record], None]] = field(default_factory=list)
    """Views of the run: each is called with every record after the fold, on the log's thread, and must not wait."""
    _failure: AuditError | None = None
    _lost: list[str] = field(default_factory=list)
    """Followers that broke, as warnings that are not recorded yet."""
    _steered: set[int] = field(default_factory=set)
    _deciding: threading.Lock = field(default_factory=threading.Lock)

    def record(self, *events: Event) -> Sequence[Record]:
        """Durable and in `state` when it returns. Raises AuditError; then nothing may be done."""
        self.check()
        with self.lock:
            lost, self._lost = self._lost, []
        warnings = [Event(WarningRaised(text=text)) for text in lost]
        records = self._write([*warnings, *events])[len(warnings) :]
        self.check()
        return records

    def record_last(self, event: Event) -> None:
        """Record the run's last event, even if the state is unknown."""
        self._write([event])

    def record_unless(self, known: Callable[[RunState], bool], *events: Event) -> Sequence[Record]:
        """Record what is not `known` yet: looking and recording are one step for all who come this way."""
        with self._deciding:
            with self.lock:
                if known(self.state):
                    return ()
            return self.record(*events)

    def check(self) -> None:
        """Raises AuditError if the state is unknown."""
        if self._failure is not None:
            raise AuditError(str(self._failure), hint=self._failure.hint)

    def fold(self, record: Record) -> None:
        """Take a record of this run into the state, each once. Raises what the fold raises."""
        if record.event.run != self.run:
            return
        with self.lock:
            if record.type in STEERING:  # the log listener reads these as well
                if record.seq in self._steered:
                    return
                self._steered.add(record.seq)
            self.state.apply(record)
            self.index.take(record)
        self._notify(record)

    def write(self, record: Record) -> None:
        """As `fold`, for the log's thread and the log listener's: a failure is kept for everybody who records."""
        try:
            self.fold(record)
        except Exception as error:  # noqa: BLE001  whatever it is, the state is unknown from here on
            fact = (
                f"event {record.seq} ({record.type}) could not be taken into the state of the run: {error!r}"
            )
            hint = f"devassist audit list --run {self.run}"
            self._failure = self._failure or AuditError(fact, hint=hint)

    def unfollow(self, follower: Callable[[Record], None]) -> None:
        """Take a follower off, unless that has happened because it broke."""
        with self.lock:
            if follower in self.followers:
                self.followers.remove(follower)

    @property
    def evidence(self) -> Mapping[str, Evidence]:
        """Every tool call and check of the run, by its id."""
        with self.lock:
            return dict(self.index.evidence)

    def calls(self, task: str) -> Sequence[Evidence]:
        """The tool calls of one task, in order."""
        with self.lock:
            return self.index.calls(task)

    def reads(self, task: str) -> Sequence[FileRead]:
        """What the agents of one task have read of files, in order."""
        with self.lock:
            return self.index.reads(task)

    def written_by_tools(self, task: str) -> set[str]:
        """The paths that agents of one task wrote on purpose, not by a command on the way."""
        calls = [call for call in self.calls(task) if call.ok and call.tool not in COMMAND_TOOLS]
        return {path for call in calls for path in call.wrote}

    def _write(self, events: Sequence[Event]) -> Sequence[Record]:
        assert self.log is not None  # noqa: S101  the composition root sets it
        started = self.clock()
        try:
            return self.log.record(
                *(event if event.run else replace(event, run=self.run) for event in events)
            )
        finally:
            with self.lock:
                self.waited_s += self.clock() - started

    def _notify(self, record: Record) -> None:
        for follower in tuple(self.followers):
            try:
                follower(record)
            except Exception as error:  # noqa: BLE001  a view that breaks must not cost the run
                self.unfollow(follower)
                with self.lock:
                    name = getattr(follower, "__qualname__", repr(follower))
                    self._lost.append(f"{name} no longer follows the run: {error!r}")
