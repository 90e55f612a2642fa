"""The run's state is its journal: what it cannot take in ends the run, and what only looks on cannot harm it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from devassist.domain.errors import AuditError
from devassist.domain.events import EventType, Record
from devassist.domain.state.run import RunState
from devassist.engine.log.journal import Journal
from support.engine_world import RUN, EngineWorld
from support.facts import event as event_of


class Unreadable(RunState):
    """A state that cannot take a note in."""

    def apply(self, record: Record) -> None:
        if record.type is EventType.NOTE_POSTED:
            raise ValueError("no such note")
        super().apply(record)


@dataclass
class Opened:
    """A journal over a real log."""

    world: EngineWorld
    journal: Journal

    def types(self) -> list[EventType]:
        return [record.type for record in self.world.records()]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    world = EngineWorld(tmp_path, state=Unreadable)
    with world.session() as context:
        yield Opened(world, context.journal)


NOTE = event_of(EventType.NOTE_POSTED, data={"text": "hello"})
WARNING = event_of(EventType.WARNING_RAISED, data={"text": "careful"})


def test_an_event_that_the_state_cannot_take_in_is_an_error_for_whoever_recorded_it(opened: Opened) -> None:
    with pytest.raises(AuditError, match=r"note.posted.*no such note"):
        opened.journal.record(NOTE)


def test_nothing_more_is_recorded_once_the_state_is_unknown(opened: Opened) -> None:
    with pytest.raises(AuditError):
        opened.journal.record(NOTE)
    with pytest.raises(AuditError, match="no such note"):
        opened.journal.record(WARNING)
    assert opened.types() == [EventType.NOTE_POSTED]


def test_the_last_event_of_a_run_is_recorded_all_the_same(opened: Opened) -> None:
    with pytest.raises(AuditError):
        opened.journal.record(NOTE)
    opened.journal.record_last(event_of(EventType.RUN_FINISHED, data={"status": "failed", "exit_code": 70}))
    assert opened.types() == [EventType.NOTE_POSTED, EventType.RUN_FINISHED]


def test_a_follower_that_breaks_is_told_of_nothing_more_and_the_run_says_so(opened: Opened) -> None:
    seen: list[Record] = []

    def broken(record: Record) -> None:
        seen.append(record)
        raise LookupError("lost")

    opened.journal.followers.append(broken)
    opened.journal.record(WARNING)
    records = opened.journal.record(WARNING)
    assert len(records) == 1
    assert len(seen) == 1
    assert any("lost" in text for text in opened.journal.state.warnings)


def test_the_state_goes_on_when_a_view_of_the_log_breaks(tmp_path: Path) -> None:
    class BrokenView:
        def write(self, record: Record) -> None:
            raise LookupError(record.id)

    journal = Journal(run=RUN)
    with EngineWorld(tmp_path).open_log(BrokenView(), state=journal) as log:
        journal.log = log
        journal.record(WARNING)
        journal.record(WARNING)
    assert journal.state.warnings.count("careful") == 2
