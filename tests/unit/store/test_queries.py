"""Reading the log: filters, runs, views and the user's own SQL."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from devassist.domain.errors import AuditError, AuditTampered, NotFound, UsageError
from devassist.domain.events import Event, EventType
from devassist.store import connection as connections
from devassist.store.audit_log import AuditLog
from devassist.store.filters import EventFilter
from devassist.store.queries import AuditReader
from devassist.store.views import VIEWS
from support import facts
from support.facts import data_of
from support.facts import event as event_of

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
T = EventType


def small_run(run: str) -> list[Event]:
    """One task, one agent, one of everything."""

    def event(type: EventType, agent: str = "t1/coder", **data: Any) -> Event:  # noqa: A002 -- the field's name
        return facts.event(type, run=run, task="t1" if agent else "", agent=agent, **data)

    call = {"role": "coder", "round": 1, "turn": 1, "model": "m", "input_tokens": 10, "output_tokens": 5}
    return [
        event(T.RUN_STARTED, "", goal="Add greeting", base="b0", branch="main"),
        event(T.TASK_STARTED, title="Greet", role="coder"),
        event(T.AGENT_STARTED, role="coder", round=1, branch="br", worktree="/w", model="m"),
        event(T.MODEL_CALLED, **call, attempt=1, status="error", usd=None, error="429"),
        event(
            T.MODEL_CALLED,
            **call,
            attempt=2,
            status="ok",
            usd=0.25,
            reply={"content": "Straße\n" * 400},
            latency_ms=12,
        ),
        event(T.TOOL_CALLED, role="coder", round=1, name="write_file", arguments={"path": "a"}, ok=True),
        event(T.COMMAND_RAN, command="pytest", exit_code=1, output='said "no"', seconds=0.5, tier="landlock"),
        event(
            T.HANDOFF_SUBMITTED,
            role="coder",
            round=1,
            kind="done",
            summary="Greets",
            claims=[{"statement": "a"}, {"statement": "b"}],
        ),
        event(
            T.COMMIT_CREATED, commit="c1", tree="x", parents=["b0"], branch="br", role="coder", paths=["a"]
        ),
        event(T.CONFLICT_FOUND, conflict="c-1", level="text", kind="content", path="a", status="open"),
        event(T.CONFLICT_RESOLVED, conflict="c-1"),
        event(
            T.DECISION_MADE, who="policy", question="merge?", options=["y", "n"], choice="y", confidence=0.9
        ),
        event(T.APPROVAL_REQUESTED, approval="a1", kind="merge", question="ok?", options=["yes", "no"]),
        event(T.APPROVAL_DECIDED, approval="a1", choice="yes", who="ada", reason="fine"),
        event(T.MERGE_COMPLETED, "", commit="m1", parents=["b0", "c1"], ref="refs/heads/result"),
        event(T.AGENT_FINISHED, role="coder", round=1, status="done", commit="c1", turns=3),
        event(T.TASK_FINISHED, status="merged", confidence=0.9),
        event(T.RUN_FINISHED, "", status="succeeded", exit_code=0, result_commit="m1"),
    ]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "odd #? name" / "audit.db"
    moments = (START + timedelta(minutes=number) for number in range(10_000))
    with AuditLog.open(path, heads_file=None, now=lambda: next(moments)) as log:
        log.record(*small_run("calm-otter-1111"))
        log.record(*small_run("brisk-heron-3f2a"))
        log.record(event_of(T.RUN_STARTED, run="brisk-hare-9c9c", data={"goal": "g" * 2000}))
    return path


@pytest.fixture
def path(written: Path, tmp_path: Path) -> Path:
    """A copy of the log that was written once."""
    return Path(shutil.copytree(written.parent, tmp_path / written.parent.name)) / written.name


@pytest.fixture
def reader(path: Path) -> Iterator[AuditReader]:
    with AuditReader(path) as opened:
        yield opened


def seqs(reader: AuditReader, **wanted: Any) -> list[int]:
    return [record.seq for record in reader.events(EventFilter(**wanted))]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"limit": 2}, [1, 2]),
        ({"limit": 0}, []),
        ({"limit": 2, "newest_first": True}, [37, 36]),
        ({"after_seq": 35}, [36, 37]),
        ({"after_seq": 35, "newest_first": True}, [37, 36]),
        ({"run": "calm-otter-1111", "types": ["model"]}, [4, 5]),
        ({"types": ["model.called", "commit"], "after_seq": 18}, [22, 23, 27]),
        ({"types": ["mod"]}, []),
        ({"task": "t1", "types": ["merge"]}, []),
        ({"agent": "t1/coder", "types": ["task"]}, [2, 17, 20, 35]),
        ({"role": "coder", "types": ["task"]}, [2, 17, 20, 35]),
        ({"role": "oder"}, []),
        ({"since": START + timedelta(minutes=37)}, [37]),
        ({"since": "2026-01-31T13:37:00+01:00"}, [37]),
        ({"until": "2026-01-31T12:03:00"}, [1, 2]),
        ({"failures": True, "run": "calm-otter-1111"}, [4, 7]),
        ({"text": "ADD GREETING"}, [1, 19]),
        ({"text": "STRASSE"}, [5, 23]),
        ({"text": 'said "no"', "limit": 1}, [7]),
    ],
)
def test_a_filter_keeps_what_it_says(
    reader: AuditReader, wanted: dict[str, Any], expected: list[int]
) -> None:
    assert seqs(reader, **wanted) == expected


def test_paging_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    with AuditLog.open(path, heads_file=None, now=lambda: START) as log:
        log.record(*(event_of(T.NOTE_POSTED, data={"round": n}) for n in range(600)))
    with AuditReader(path) as reader:
        assert seqs(reader) == list(range(1, 601))
        assert seqs(reader, newest_first=True, after_seq=3) == list(range(600, 3, -1))
        assert len(list(reader.search('"round":599'))) == 1


def test_a_time_that_is_none_is_refused(reader: AuditReader) -> None:
    with pytest.raises(UsageError, match="yesterday"):
        seqs(reader, since="yesterday")


def test_payloads_are_unpacked_unless_raw(reader: AuditReader) -> None:
    reply = data_of(reader.event(5))["reply"]
    assert reply["content"] == "Straße\n" * 400
    assert data_of(reader.event(5, raw=True))["reply"] == {**reply, "content": ""}
    (stored,) = reader.select("SELECT data FROM events WHERE seq = 5")
    reference = json.loads(stored["data"])["reply"]["content"]
    assert reference["size"] == 3200
    assert reader.payload(reference["$payload"]).decode() == "Straße\n" * 400


def test_an_event_is_found_by_id_or_place(reader: AuditReader) -> None:
    record = reader.event("7")
    assert data_of(record)["command"] == "pytest"
    assert reader.event(record.id) == record == reader.event(7)
    with pytest.raises(NotFound, match="no event 99"):
        reader.event(99)
    with pytest.raises(NotFound):
        reader.event("nope")


def test_runs_come_newest_first(reader: AuditReader) -> None:
    assert reader.runs() == ["brisk-hare-9c9c", "brisk-heron-3f2a", "calm-otter-1111"]


@pytest.mark.parametrize(
    ("prefix", "run"),
    [("@last", "brisk-hare-9c9c"), ("c", "calm-otter-1111"), ("brisk-he", "brisk-heron-3f2a")],
)
def test_a_unique_prefix_names_a_run(reader: AuditReader, prefix: str, run: str) -> None:
    assert reader.find_run(prefix) == run


def test_a_prefix_that_names_no_one_run_lists_candidates(reader: AuditReader) -> None:
    with pytest.raises(NotFound, match="several") as caught:
        reader.find_run("brisk")
    assert "brisk-hare-9c9c, brisk-heron-3f2a" in caught.value.hint
    for prefix in ("", "zz"):
        with pytest.raises(NotFound, match="no run begins") as caught:
            reader.find_run(prefix)
        assert "calm-otter-1111" in caught.value.hint


def test_an_empty_log_has_no_runs(tmp_path: Path) -> None:
    with AuditLog.open(tmp_path / "audit.db", heads_file=None, now=lambda: START) as log:
        with AuditReader(tmp_path / "audit.db") as reader:
            assert reader.runs() == []
            assert reader.head() == log.head()
            with pytest.raises(NotFound, match="no runs"):
                reader.find_run("@last")


def test_no_log_yet_is_said_with_the_next_move(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        AuditReader(tmp_path / "audit.db")
    assert caught.value.hint == "devassist run 'what is wanted' starts one"
    sqlite3.connect(tmp_path / "empty.db").close()
    (tmp_path / "empty.db").touch()
    with pytest.raises(NotFound):
        AuditReader(tmp_path / "empty.db")
    (tmp_path / "text.db").write_text("no database" * 1000)
    with pytest.raises(AuditError, match="not a database"):
        AuditReader(tmp_path / "text.db")


def test_reading_goes_on_beside_a_writer(path: Path) -> None:
    with AuditReader(path) as reader, AuditLog.open(path, heads_file=None, now=lambda: START) as log:
        log.record(event_of(T.NOTE_POSTED))
        assert [record.seq for record in reader.tail(37)] == [38]
        log.record(event_of(T.NOTE_POSTED))
        assert [record.seq for record in reader.tail(38)] == [39]
        assert reader.tail(39) == []


def test_a_reader_cannot_write(reader: AuditReader) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._connection.execute("DELETE FROM tombstones")


def test_read_only_media_can_be_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = connections._ready

    def without_shm(uri: str) -> sqlite3.Connection:
        if "immutable" not in uri:
            raise sqlite3.OperationalError("unable to open database file")
        return real(uri)

    monkeypatch.setattr(connections, "_ready", without_shm)
    with pytest.raises(AuditError, match="cannot be read"):
        AuditReader(path)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with AuditReader(path) as reader:
        assert len(reader.runs()) == 3


def test_a_missing_payload_is_said(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER payloads_no_delete")
    connection.execute("DELETE FROM payloads")
    connection.commit()
    connection.close()
    with AuditReader(path) as reader, pytest.raises(AuditTampered, match="missing"):
        reader.event(5)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM events",
        "INSERT INTO meta VALUES ('a', 'b')",
        "CREATE TABLE x(y)",
        "CREATE TEMP TABLE x(y)",
        "ATTACH '/tmp/other.db' AS other",
        "PRAGMA query_only = OFF",
        "PRAGMA journal_mode = DELETE",
        "SELECT load_extension('x')",
        "VACUUM INTO '/tmp/copy.db'",
        "BEGIN IMMEDIATE",
        "SELECT 1; DELETE FROM events",
        "SELEC 1",
        "SELECT ?",
    ],
)
def test_sql_that_would_write_or_is_wrong_is_refused(reader: AuditReader, sql: str) -> None:
    with pytest.raises(UsageError, match=r"^SQL: "):
        list(reader.select(sql))


def test_sql_may_ask_anything(reader: AuditReader) -> None:
    assert list(reader.select("SELECT count(*) AS n FROM events WHERE seq < ?", (4,))) == [{"n": 3}]
    assert list(reader.select("SELECT :a AS a", {"a": 1})) == [{"a": 1}]
    recursive = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT i + 1 FROM n WHERE i < 3) SELECT max(i) m FROM n"
    )
    assert list(reader.select(recursive)) == [{"m": 3}]
    assert len(list(reader.select("PRAGMA table_info(events)"))) == 11


EXPECTED: dict[str, dict[str, Any]] = {
    "runs": {"status": "succeeded", "exit_code": 0, "goal": "Add greeting", "tasks": 1, "usd": 0.25},
    "tasks": {"task": "t1", "title": "Greet", "status": "merged", "rounds": 1, "confidence": 0.9},
    "agents": {"agent": "t1/coder", "role": "coder", "status": "done", "commit": "c1", "turns": 3},
    "model_calls": {"model": "m", "attempt": 1, "status": "error", "error": "429", "input_tokens": 10},
    "tool_calls": {"name": "write_file", "arguments": '{"path":"a"}', "ok": 1},
    "commands": {"command": "pytest", "exit_code": 1, "tier": "landlock"},
    "decisions": {"who": "policy", "choice": "y", "options": '["y","n"]'},
    "handoffs": {"kind": "done", "summary": "Greets", "claims": 2},
    "approvals": {"approval": "a1", "choice": "yes", "by": "ada"},
    "conflicts": {"conflict": "c-1", "status": "resolved", "path": "a"},
    "commits": {"kind": "commit", "commit": "c1", "branch": "br"},
    "costs": {
        "role": "coder",
        "model": "m",
        "calls": 2,
        "input_tokens": 20,
        "output_tokens": 10,
        "usd": 0.25,
    },
}


@pytest.mark.parametrize("view", sorted(VIEWS.keys() - {"tests"}))
def test_a_view_answers_about_a_run(reader: AuditReader, view: str) -> None:
    rows = list(reader.select(f"SELECT * FROM {view} WHERE run = 'brisk-heron-3f2a'"))
    assert rows[0] == {**rows[0], **EXPECTED[view]}
    comment = next(reader.select("SELECT sql FROM sqlite_master WHERE name = ?", (view,)))["sql"]
    assert "\n-- " in comment


def test_the_checks_of_a_landing_are_rows(path: Path) -> None:
    check = {"command": "pytest", "own": True, "exit_code": 1, "flaky": ["a::b"]}
    with AuditLog.open(path, heads_file=None, now=lambda: START) as log:
        judged = {"verification": "tests", "checks": [check]}
        log.record(event_of(T.LANDING_JUDGED, run="calm-otter-1111", task="t1", data=judged))
    with AuditReader(path) as reader:
        (row,) = reader.select("SELECT * FROM tests")
    expected = {
        "task": "t1",
        "command": "pytest",
        "own": 1,
        "exit_code": 1,
        "flaky": '["a::b"]',
        "verification": "tests",
    }
    assert row == {**row, **expected}


def test_landings_are_commits_too(reader: AuditReader) -> None:
    rows = reader.select("SELECT kind, \"commit\", branch FROM commits WHERE kind = 'merge'")
    assert next(rows) == {"kind": "merge", "commit": "m1", "branch": "refs/heads/result"}


def test_a_run_without_an_end_is_running(reader: AuditReader) -> None:
    sql = "SELECT status, usd FROM runs WHERE run = 'brisk-hare-9c9c'"
    assert list(reader.select(sql)) == [{"status": "running", "usd": 0.0}]
