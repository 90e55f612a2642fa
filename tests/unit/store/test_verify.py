"""Verification: every edit is found, at the event it was made."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from devassist.domain.errors import NotFound
from devassist.domain.events import EventType
from devassist.store import chain
from devassist.store.audit_log import AuditLog
from devassist.store.migrations import TRIGGERS
from devassist.store.queries import AuditReader
from devassist.store.verify import Anchor, Problem, Verification, read_heads, verify
from support.facts import data_of
from support.facts import event as event_of

START = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("log")
    written(directory / "repo" / "audit.db", directory / "heads.log")
    return directory


@pytest.fixture
def path(template: Path, tmp_path: Path) -> Path:
    """Ten events; event 4 and 6 share a payload; anchored at 5 and 10. A copy of what was written once."""
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    return tmp_path / "repo" / "audit.db"


@pytest.fixture
def placed(tmp_path: Path) -> Path:
    """The same, written where it is: its anchors name the place."""
    return written(tmp_path / "repo" / "audit.db", tmp_path / "heads.log")


def written(path: Path, heads_file: Path | None) -> Path:
    with AuditLog.open(path, heads_file=heads_file, now=lambda: START) as log:
        for number in range(1, 11):
            data = {"round": number, **({"text": "long " * 500} if number in {4, 6} else {})}
            log.record(event_of(EventType.NOTE_POSTED, run="r", data=data))
            if number == 5:
                log.checkpoint("r")
    return path


def tamper(path: Path, *statements: str) -> None:
    """Edit as somebody who has the file: triggers dropped, and put back so as not to show."""
    connection = sqlite3.connect(path)
    triggers = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
    for name in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    for sql in triggers.values():
        connection.execute(sql)
    connection.commit()
    connection.close()


def rechain(path: Path, start: int) -> None:
    """A patient forger: every digest and hash from `start` on made consistent again."""
    connection = sqlite3.connect(path)
    for name in TRIGGERS:
        connection.execute(f"DROP TRIGGER {name}")
    genesis = connection.execute("SELECT value FROM meta WHERE key = 'genesis'").fetchone()[0]
    row = connection.execute("SELECT hash FROM events WHERE seq < ? ORDER BY seq DESC", (start,)).fetchone()
    previous = row[0] if row else bytes.fromhex(genesis)
    query = (
        "SELECT e.seq, id, at, run, task, agent, type, parent, data, salt FROM events e JOIN digests d"
        " USING (seq) WHERE e.seq >= ?"
    )
    for seq, *fields, data, salt in connection.execute(query, (start,)).fetchall():
        digest = chain.data_digest(salt, data)
        link = chain.link(previous, seq, *fields, digest)
        connection.execute("UPDATE digests SET digest = ? WHERE seq = ?", (digest, seq))
        connection.execute("UPDATE events SET prev_hash = ?, hash = ? WHERE seq = ?", (previous, link, seq))
        previous = link
    for name, body in TRIGGERS.items():
        connection.execute(f"CREATE TRIGGER {name} {body} BEGIN SELECT RAISE(ABORT, ''); END")
    connection.commit()
    connection.close()


def found(path: Path, **anchors: Any) -> list[tuple[int, str]]:
    return [(problem.seq, problem.kind) for problem in verify(path, **anchors).problems]


def test_an_untouched_log_verifies(path: Path, tmp_path: Path) -> None:
    heads = read_heads(tmp_path / "heads.log")
    assert [anchor.seq for anchor in heads] == [5, 10]
    answer = verify(path, heads=heads)
    assert answer == Verification(ok=True, events=10, anchored_to=10)
    assert verify(path, heads=heads[:1]).anchored_to == 5
    assert verify(path).anchored_to == 0


def test_an_empty_log_verifies(tmp_path: Path) -> None:
    with AuditLog.open(tmp_path / "audit.db", heads_file=None, now=lambda: START):
        pass
    assert verify(tmp_path / "audit.db") == Verification(ok=True, events=0, anchored_to=0)


def test_no_log_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        verify(tmp_path / "audit.db")


@pytest.mark.parametrize(
    ("statements", "problems"),
    [
        (["UPDATE events SET data = '{\"n\":0}' WHERE seq = 5"], [(5, "data")]),
        (["UPDATE events SET run = 'other' WHERE seq = 5"], [(5, "hash")]),
        (["UPDATE events SET at = NULL WHERE seq = 5"], [(5, "hash")]),
        (["UPDATE events SET parent = NULL WHERE seq = 10"], [(10, "hash")]),
        (["UPDATE events SET run = CAST(x'ff' AS TEXT) WHERE seq = 5"], [(5, "hash")]),
        (["UPDATE events SET hash = x'00' WHERE seq = 5"], [(5, "hash"), (6, "prev_hash")]),
        (["UPDATE events SET prev_hash = NULL WHERE seq = 5"], [(5, "hash"), (5, "prev_hash")]),
        (["UPDATE events SET data = NULL WHERE seq = 5"], [(5, "digest")]),
        (["UPDATE digests SET salt = x'00' WHERE seq = 5"], [(5, "data")]),
        (["UPDATE digests SET salt = NULL WHERE seq = 5"], [(5, "digest")]),
        (["UPDATE digests SET digest = x'00' WHERE seq = 5"], [(5, "data"), (5, "hash")]),
        (["DELETE FROM digests WHERE seq = 5"], [(5, "digest"), (5, "hash")]),
        (["DELETE FROM events WHERE seq = 5", "DELETE FROM digests WHERE seq = 5"], [(5, "gap")]),
        (["DELETE FROM events WHERE seq IN (1, 2)", "DELETE FROM digests WHERE seq < 3"], [(1, "gap")]),
        (["DELETE FROM events WHERE seq = 10"], [(10, "truncated")]),
        (["UPDATE events SET seq = 11 WHERE seq = 10", "UPDATE digests SET seq = 11 WHERE seq = 10"],
         [(10, "gap"), (11, "hash")]),
        (["UPDATE payloads SET body = x'00'"], [(4, "payload-altered"), (6, "payload-altered")]),
        (["UPDATE payloads SET codec = 'plain'"], [(4, "payload-altered"), (6, "payload-altered")]),
        (["DELETE FROM payloads"], [(4, "payload-missing"), (6, "payload-missing")]),
        (["UPDATE payloads SET body = x'', codec = 'redacted'"], [(0, "payload-altered")]),
        (["INSERT INTO tombstones VALUES (5, '', '', '', '[]')"], [(5, "tombstone"), (5, "tombstone")]),
        (
            [
                "INSERT INTO tombstones VALUES (5, '', '', '', '[]')",
                "UPDATE events SET data = '{\"$redacted\":true}' WHERE seq = 5",
                "UPDATE digests SET salt = NULL WHERE seq = 5",
            ],
            [(5, "tombstone")],
        ),
        (["UPDATE meta SET value = 'x' WHERE key = 'root_commit'"], [(0, "genesis")]),
        (["DROP TABLE digests"], [(0, "unreadable")]),
    ],
)  # fmt: skip
def test_a_tampered_log_says_where(
    path: Path, statements: list[str], problems: list[tuple[int, str]]
) -> None:
    if "DROP TABLE" in statements[0]:
        sqlite3.connect(path).executescript("DROP TABLE digests").close()
        assert problems[0] in found(path)
        return
    tamper(path, *statements)
    assert found(path) == problems


def test_a_dropped_trigger_is_said(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER events_no_update")
    connection.close()
    assert verify(path).problems == (Problem(0, "schema", "trigger events_no_update is missing"),)


def test_a_cut_tail_is_found_by_an_anchor_only(path: Path, tmp_path: Path) -> None:
    tamper(path, "DELETE FROM events WHERE seq > 7", "DELETE FROM digests WHERE seq > 7")
    assert found(path) == []
    assert found(path, heads=read_heads(tmp_path / "heads.log")) == [(10, "truncated")]
    assert verify(path, heads=read_heads(tmp_path / "heads.log")).anchored_to == 5


def test_a_rewritten_log_is_found_by_an_anchor_only(path: Path, tmp_path: Path) -> None:
    tamper(path, "UPDATE events SET data = '{\"n\":0}' WHERE seq = 7")
    rechain(path, 7)
    assert found(path) == []
    answer = verify(path, heads=read_heads(tmp_path / "heads.log"))
    assert [(problem.seq, problem.kind) for problem in answer.problems] == [(10, "rewritten")]
    assert (answer.ok, answer.anchored_to) == (False, 5)
    rechain(path, 1)
    assert verify(path).ok


def test_a_commit_trailer_is_an_anchor_too(path: Path) -> None:
    with AuditReader(path) as reader:
        mine, digest = reader.meta("database_id"), reader.event(3).hash
    commits = [
        Anchor(seq=3, hash=digest, source="commit abc", database_id=mine),
        Anchor(seq=999, hash=b"", source="a colleague's merge", database_id="other"),
    ]
    assert verify(path, commit_heads=commits).anchored_to == 3
    assert verify(path, commit_heads=commits).ok
    commits.append(Anchor(seq=4, hash=digest, source="commit def"))
    assert found(path, commit_heads=commits) == [(4, "rewritten")]


def test_another_database_in_its_place_is_found(placed: Path, tmp_path: Path) -> None:
    other = written(tmp_path / "other" / "audit.db", None)
    shutil.copy(other, placed)
    heads_file = tmp_path / "heads.log"
    assert found(placed) == []
    assert found(placed, heads=read_heads(heads_file)) == [(0, "replaced")]


def test_a_log_that_took_anothers_place_says_so_itself(placed: Path, tmp_path: Path) -> None:
    placed.unlink()
    written(placed, tmp_path / "heads.log")
    with AuditReader(placed) as reader:
        assert data_of(reader.event(1))["kind"] == "audit.replaced"
    assert verify(placed, heads=read_heads(tmp_path / "heads.log")).ok


def test_a_moved_log_is_still_anchored(path: Path, tmp_path: Path) -> None:
    moved = shutil.move(path.parent, tmp_path / "elsewhere") / path.name
    assert verify(moved, heads=read_heads(tmp_path / "heads.log")).anchored_to == 10


def test_a_missing_tombstone_is_said(path: Path) -> None:
    with AuditLog.open(path, heads_file=None, now=lambda: START) as log:
        log.redact(4, reason="secret", by="ada")
    assert verify(path).ok
    tamper(path, "DELETE FROM tombstones")
    assert found(path) == [(4, "digest"), (4, "tombstone")]


def test_data_behind_a_tombstone_is_said(path: Path) -> None:
    with AuditLog.open(path, heads_file=None, now=lambda: START) as log:
        log.redact(4, reason="secret", by="ada")
    tamper(path, "UPDATE events SET data = '{\"n\":4}' WHERE seq = 4")
    assert found(path) == [(4, "tombstone")]


def test_a_corrupt_file_is_a_problem_not_a_crash(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    for offset in range(3 * 4096, len(raw), 4096):
        raw[offset : offset + 64] = b"\xff" * 64
    path.write_bytes(bytes(raw))
    answer = verify(path)
    assert not answer.ok


def test_verifying_works_beside_a_writer(path: Path, tmp_path: Path) -> None:
    with AuditLog.open(path, heads_file=None, now=lambda: START) as log:
        log.record(event_of(EventType.NOTE_POSTED))
        assert verify(path, heads=read_heads(tmp_path / "heads.log")).events == 11


def test_no_heads_file_is_no_anchor(tmp_path: Path) -> None:
    assert read_heads(tmp_path / "none") == []
    (tmp_path / "heads.log").write_text(
        "\n# a comment\nid x 00 now tag\nid 3 zz now tag\nid 3 00 now tag run\n"
    )
    assert [(it.seq, it.hash, it.database_id) for it in read_heads(tmp_path / "heads.log")] == [
        (3, b"\0", "id")
    ]
