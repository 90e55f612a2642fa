"""Writing the log: durable, in order, from many threads and processes, and never past a failure."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from devassist.domain.errors import AuditError, NotFound
from devassist.domain.events import Event, EventType, Record, ToolCalled, Withheld
from devassist.store.audit_log import AuditLog
from devassist.store.heads import read_heads
from devassist.store.migrations import TRIGGERS
from devassist.store.queries import AuditReader
from devassist.store.verify import Verification, verify
from devassist.store.views import VIEWS
from support.facts import data_of
from support.facts import event as event_of

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
SOURCE = Path(__file__).parents[3] / "src"

WRITER = """
import sys
sys.modules["numpy"] = None  # sqlite_utils would import it
from datetime import UTC, datetime
from pathlib import Path
from devassist.domain.events import Event, NotePosted
from devassist.store.audit_log import AuditLog

path, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
with AuditLog.open(path, heads_file=None, now=lambda: datetime.now(UTC)) as log:
    for number in range(count):
        event = Event(NotePosted(round=number, text="y" * 2000), run=name)
        (record,) = log.record(event)
        print(record.seq, record.id, flush=True)
"""


def note(number: int, **more: Any) -> Event:
    return event_of(EventType.NOTE_POSTED, run="r", data={"round": number}, **more)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "repo" / "audit.db"


@pytest.fixture
def log(path: Path, tmp_path: Path) -> Iterator[AuditLog]:
    with open_log(path, heads_file=tmp_path / "state" / "heads.log") as opened:
        yield opened


def open_log(path: Path, **more: Any) -> AuditLog:
    return AuditLog.open(path, **{"heads_file": None, "now": ticking(), **more})


def ticking() -> Any:
    moments = (START + timedelta(seconds=number) for number in range(1_000_000))
    return lambda: next(moments)


def stored(path: Path) -> list[Record]:
    with AuditReader(path) as reader:
        return list(reader.events())


@dataclass
class ListSink:
    """An EventSink that remembers in memory."""

    records: list[Record] = field(default_factory=list[Record])

    def write(self, record: Record) -> None:
        self.records.append(record)


class BrokenSink:
    def write(self, record: Record) -> None:
        raise RuntimeError("no screen")


def test_what_is_recorded_reads_back_equal(log: AuditLog, path: Path) -> None:
    arguments = {"list": [1, 2.5, None, True], "long": "ü" * 5000, "$payload": "mine"}
    data = {"arguments": arguments}
    event = event_of(
        EventType.TOOL_CALLED, run="r", task="t1", agent="t1/coder", parent="p", id="tool-1", data=data
    )
    records = log.record(event, note(2))
    assert stored(path) == list(records)
    assert records[0].event == event
    assert [record.seq for record in records] == [1, 2]
    assert re.fullmatch(r"[0-9a-z]{12}-[A-Za-z0-9_-]+", records[1].id)
    assert re.fullmatch(r"2026-01-31T12:00:\d\d\.000000Z", records[0].at)
    assert log.head() == (2, records[1].hash)


def test_ids_sort_by_time_even_from_constant_chance(path: Path) -> None:
    with open_log(path, token=bytes) as log:
        ids = [log.record(note(number))[0].id for number in range(20)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 20


def test_a_taken_id_is_refused_and_the_others_go_on(log: AuditLog, path: Path) -> None:
    log.record(note(1, id="a"))
    with pytest.raises(AuditError, match="'a' is already recorded"):
        log.record(note(2), note(3, id="a"))
    with pytest.raises(AuditError, match="'b' is already recorded"):
        log.record(note(4, id="b"), note(5, id="b"))
    log.record(note(6, id="b"))
    assert [data_of(record)["round"] for record in stored(path)] == [1, 6]


def test_data_that_is_not_json_is_refused_and_the_log_goes_on(log: AuditLog, path: Path) -> None:
    with pytest.raises(AuditError, match="object"):
        log.record(Event(ToolCalled(arguments={"a": object()})))
    log.record(note(1))
    assert len(stored(path)) == 1


def test_nothing_recorded_is_nothing_done(log: AuditLog) -> None:
    assert log.record() == ()


@pytest.mark.thorough
def test_eight_threads_are_all_durable_and_in_order(log: AuditLog, path: Path) -> None:
    acknowledged: list[list[Record]] = [[] for _ in range(8)]
    sink = ListSink()
    log.sinks.append(sink)

    def work(thread: int) -> None:
        for number in range(100):
            event = event_of(EventType.NOTE_POSTED, run="r", agent=f"t{thread}/coder", data={"round": number})
            acknowledged[thread].extend(log.record(event))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    records = stored(path)
    assert [record.seq for record in records] == list(range(1, 801))
    assert records == sink.records
    assert sorted((r for mine in acknowledged for r in mine), key=lambda r: r.seq) == records
    for mine in acknowledged:
        assert [data_of(record)["round"] for record in mine] == list(range(100))
    assert verify(path).ok


def spawn(path: Path, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(count)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )


@pytest.mark.thorough
def test_several_processes_share_one_chain(path: Path) -> None:
    writers = [spawn(path, f"run{number}", 60) for number in range(2)]
    acknowledged = [line for writer in writers for line in writer.communicate(timeout=120)[0].splitlines()]
    assert [writer.returncode for writer in writers] == [0, 0]
    assert len(acknowledged) == 120
    records = stored(path)
    assert {f"{record.seq} {record.id}" for record in records} == set(acknowledged)
    assert verify(path) == Verification(ok=True, events=120, anchored_to=0)


def test_a_killed_writer_loses_nothing_it_acknowledged(path: Path) -> None:
    writer = spawn(path, "run", 100_000)
    assert writer.stdout is not None
    acknowledged = [writer.stdout.readline().strip() for _ in range(50)]
    os.kill(writer.pid, signal.SIGKILL)
    acknowledged += writer.communicate(timeout=30)[0].split("\n")[:-1]  # a torn last line is no answer
    kept = {f"{record.seq} {record.id}" for record in stored(path)}
    assert set(acknowledged) <= kept
    with open_log(path) as log:
        log.record(note(1))
    assert verify(path).ok


def test_a_full_disk_stops_the_log_for_good(path: Path) -> None:
    log = open_log(path)
    log.record(note(1))
    pages = log._ledger.connection.execute("PRAGMA page_count").fetchone()[0]
    log._ledger.connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    noise = "".join(chr(0x4E00 + (number * number * 7919) % 20000) for number in range(20_000))
    failures = []

    def work() -> None:
        try:
            log.record(event_of(EventType.NOTE_POSTED, data={"text": noise}))
        except AuditError as error:
            failures.append(str(error))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == ["the audit log could not be written: database or disk is full"] * 4
    with pytest.raises(AuditError, match="full"):
        log.record(note(2))
    log.close()
    assert [data_of(record)["round"] for record in stored(path)] == [1]
    assert verify(path).ok


def test_a_bug_in_the_writer_leaves_nobody_waiting(log: AuditLog) -> None:
    log._ledger.head = lambda: 1 / 0  # type: ignore[method-assign,assignment,return-value]
    with pytest.raises(AuditError, match="ZeroDivisionError"):
        log.record(note(1))
    with pytest.raises(AuditError, match="ZeroDivisionError"):
        log.record(note(2))


def test_a_writer_that_is_stuck_is_not_waited_for_for_ever(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_log(path) as stuck, open_log(path) as log, stuck._ledger._lock.held():
        monkeypatch.setattr("devassist.store.connection.PATIENCE_S", 0.1)
        with pytest.raises(AuditError, match="another process has held") as caught:
            log.record(note(1))
        assert "stopped devassist" in caught.value.hint


def test_a_file_system_without_wal_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.parent.mkdir()
    monkeypatch.setattr(
        "devassist.store.connection.sqlite3.connect", lambda *_, **__: sqlite3.Connection(":memory:")
    )
    with pytest.raises(AuditError, match="journal mode is memory"):
        open_log(path)


def test_a_redaction_names_events(log: AuditLog) -> None:
    with pytest.raises(AuditError, match="no event was named"):
        log.redact(reason="", by="")


def test_a_redactor_must_give_an_object_back(path: Path) -> None:
    with open_log(path, redact=str) as log, pytest.raises(AuditError, match="not an object"):
        log.record(note(1))


def test_a_log_without_an_identity_is_refused(path: Path) -> None:
    open_log(path).close()
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER meta_no_delete")
    connection.execute("DELETE FROM meta WHERE key = 'database_id'")
    connection.commit()
    connection.close()
    with pytest.raises(AuditError, match="no database_id"):
        open_log(path)


def test_a_closed_log_refuses(path: Path) -> None:
    log = open_log(path)
    log.close()
    log.close()
    with pytest.raises(AuditError, match="closed"):
        log.record(note(1))


def test_a_broken_sink_is_dropped_and_said(path: Path) -> None:
    sink = ListSink()
    with open_log(path, sinks=[BrokenSink(), sink]) as log:
        log.record(note(1))
        log.record(note(2))
        assert log.sinks == [sink]
    records = stored(path)
    assert [str(record.type) for record in records] == ["note.posted", "warning.raised", "note.posted"]
    assert "no screen" in data_of(records[1])["text"]
    assert sorted(sink.records, key=lambda r: r.seq) == records


def test_a_sink_that_records_does_not_hang(path: Path) -> None:
    with open_log(path) as log:

        class Echo:
            def write(self, record: Record) -> None:
                log.record(note(99))

        log.sinks.append(Echo())
        log.record(note(1))
    assert [str(record.type) for record in stored(path)] == ["note.posted", "warning.raised"]


def test_secrets_are_taken_out_before_anything_is_hashed(path: Path) -> None:
    def redact(data: Any) -> Any:
        return {**data, "text": "***"} if "text" in data else data

    with open_log(path, redact=redact) as log:
        (record,) = log.record(event_of(EventType.NOTE_POSTED, data={"text": "hunter2"}))
    assert data_of(record)["text"] == "***"
    assert b"hunter2" not in path.read_bytes()


def test_heads_are_written_every_thousand_events_and_at_close(path: Path, tmp_path: Path) -> None:
    heads_file = tmp_path / "state" / "heads.log"
    with open_log(path, heads_file=heads_file) as log:
        log.record(*(note(number) for number in range(999)))
        assert read_heads(heads_file) == []
        log.record(note(999))
        log.record(note(1000))
        log.checkpoint("brisk-heron-3f2a")
        log.record(note(1001))
    anchors = read_heads(heads_file)
    assert [anchor.seq for anchor in anchors] == [1000, 1001, 1002]
    assert heads_file.read_text().splitlines()[1].endswith(" brisk-heron-3f2a")
    assert verify(path, heads=anchors).anchored_to == 1002


def test_a_torn_heads_line_does_not_swallow_the_next(path: Path, tmp_path: Path) -> None:
    heads_file = tmp_path / "heads.log"
    heads_file.write_text("0123 45")
    with open_log(path, heads_file=heads_file) as log:
        log.record(note(1))
    assert [anchor.seq for anchor in read_heads(heads_file)] == [1]


def test_a_heads_file_that_cannot_be_written_is_said(path: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with open_log(path, heads_file=tmp_path / "heads") as log:
        log._heads_file = tmp_path / "file" / "heads.log"
        log.record(note(1))
        with pytest.raises(AuditError, match="could not be written"):
            log.checkpoint()
    assert [data_of(record).get("kind", "") for record in stored(path)] == ["", "audit.checkpoint"]


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("not a database, but long enough to be looked at" * 100)
    with pytest.raises(AuditError, match="not a database"):
        open_log(path)


def test_a_newer_log_is_refused(path: Path) -> None:
    open_log(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations(migration_set, name) VALUES ('devassist.audit', 'm999_future')"
        )
    connection.close()
    with pytest.raises(AuditError, match="m999_future"):
        open_log(path)


@pytest.mark.parametrize("last", ["m003_conflicts", "m004_views_of_facts"])
def test_an_older_log_gets_the_views_that_came_later(path: Path, last: str) -> None:
    open_log(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("DROP VIEW tests")
        connection.execute("DELETE FROM _sqlite_migrations WHERE name > ?", (last,))
    connection.close()
    open_log(path).close()
    with sqlite3.connect(path) as connection:
        views = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'view'")}
    connection.close()
    assert views == set(VIEWS)


def test_only_the_owner_may_read_the_log(log: AuditLog, path: Path) -> None:
    log.record(note(1))
    modes = {item.name: item.stat().st_mode & 0o777 for item in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}
    assert "audit.db-wal" in modes


def test_the_writer_is_as_durable_as_it_says(log: AuditLog) -> None:
    pragma = lambda name: log._ledger.connection.execute(f"PRAGMA {name}").fetchone()[0]  # noqa: E731 -- short
    assert (pragma("journal_mode"), pragma("synchronous"), pragma("busy_timeout")) == ("wal", 2, 30000)


def test_equal_long_strings_are_stored_once(log: AuditLog, path: Path) -> None:
    for number in range(3):
        log.record(event_of(EventType.NOTE_POSTED, data={"round": number, "text": "same " * 1000}))
    with AuditReader(path) as reader:
        rows = list(reader.select("SELECT size, codec, length(body) < 200 AS small FROM payloads"))
    assert rows == [{"size": 5000, "codec": "zlib", "small": 1}]


EVENT = "(seq, id, at, run, task, agent, type, parent, data, prev_hash, hash)"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET data = '{}' WHERE seq = 2",
        "UPDATE events SET data = '{\"$redacted\":true}' WHERE seq = 2",
        "UPDATE events SET seq = 9 WHERE seq = 3",
        "DELETE FROM events WHERE seq = 3",
        "DELETE FROM events",
        "REPLACE INTO events SELECT * FROM events WHERE seq = 2",
        (
            f"INSERT INTO events {EVENT} SELECT 9, 'x', at, run, task, agent, type, parent, data, hash, x'01' "
            "FROM events WHERE seq = 3"
        ),
        (
            f"INSERT INTO events {EVENT} SELECT 4, 'x', at, run, task, agent, type, parent, data, x'00', x'01' "
            "FROM events WHERE seq = 3"
        ),
        (
            f"REPLACE INTO events {EVENT} SELECT 4, id, at, run, task, agent, type, parent, data, hash, x'01' "
            "FROM events WHERE seq = 3"
        ),
        (
            f"REPLACE INTO events {EVENT} SELECT 4, 'x', at, run, task, agent, type, parent, data, hash, hash "
            "FROM events WHERE seq = 3"
        ),
        (
            f"INSERT INTO events {EVENT} SELECT NULL, 'x', at, run, task, agent, type, parent, data, hash, x'01' "
            "FROM events WHERE seq = 3"
        ),
        "UPDATE digests SET salt = NULL WHERE seq = 2",
        "UPDATE digests SET digest = x'00' WHERE seq = 2",
        "DELETE FROM digests",
        "REPLACE INTO digests VALUES (2, x'00', x'00')",
        "INSERT INTO digests VALUES (9, x'00', x'00')",
        "UPDATE payloads SET body = x'', codec = 'redacted'",
        "DELETE FROM payloads",
        "REPLACE INTO payloads SELECT hash, codec, size, x'00' FROM payloads",
        "INSERT INTO tombstones VALUES (9, '', '', '', '[]')",
        "UPDATE meta SET value = ''",
        "DELETE FROM meta",
        "REPLACE INTO meta VALUES ('genesis', '')",
    ],
)
def test_the_tables_only_grow(log: AuditLog, path: Path, statement: str) -> None:
    log.record(note(1), note(2), event_of(EventType.NOTE_POSTED, data={"text": "z" * 2000}))
    connection = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)
    connection.close()
    assert verify(path).ok


def test_every_table_has_its_triggers(path: Path) -> None:
    open_log(path).close()
    with AuditReader(path) as reader:
        names = {
            row["name"] for row in reader.select("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        }
    assert names == set(TRIGGERS)


def test_a_redacted_secret_is_gone_and_the_chain_holds(path: Path) -> None:
    secret = "hunter2-"
    with open_log(path) as log:
        log.record(
            note(1), event_of(EventType.NOTE_POSTED, run="r", data={"text": secret, "to": secret * 500})
        )
        log.record(event_of(EventType.NOTE_POSTED, run="r", data={"text": secret * 500}))
        record = log.redact(2, reason="a password", by="ada")
        assert record.type is EventType.REDACTED
        for file in path.parent.iterdir():
            assert secret.encode() not in file.read_bytes()
        with pytest.raises(AuditError, match="already redacted"):
            log.redact(2, reason="again", by="ada")
        with pytest.raises(NotFound):
            log.redact(77, reason="", by="")
        log.record(note(5))
    assert verify(path).problems == ()
    records = stored(path)
    assert isinstance(records[1].body, Withheld)
    assert data_of(records[2])["text"] == "[redacted]"
    assert data_of(records[3])["reason"] == "a password"


def test_a_state_that_raises_stops_the_log(path: Path) -> None:
    with open_log(path, state=BrokenSink()) as log:
        with pytest.raises(AuditError, match="no screen"):
            log.record(note(1))
        with pytest.raises(AuditError, match="no screen"):
            log.record(note(2))
    assert [str(record.type) for record in stored(path)] == ["note.posted"]
