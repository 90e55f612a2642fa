"""
The tables of the audit log, and the triggers that let them only grow.

The one thing that may ever change in place is a redaction: once a `tombstones` row names an event, its data
may become the tombstone text, its salt NULL and the payloads the tombstone lists empty. The hash chain does
not cover those, so it still holds. Whoever has the file can drop a trigger; the chain and its anchors outside
are for that, triggers are for mistakes.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from devassist.domain.errors import AuditError
from devassist.domain.failpoints import reach
from devassist.store.views import VIEWS

_TABLES = (
    """CREATE TABLE events(seq INTEGER PRIMARY KEY, id TEXT UNIQUE, at TEXT, run TEXT, task TEXT, agent TEXT,
    type TEXT, parent TEXT, data TEXT, prev_hash BLOB, hash BLOB UNIQUE) STRICT""",
    "CREATE TABLE digests(seq INTEGER PRIMARY KEY, salt BLOB, digest BLOB) STRICT",
    "CREATE TABLE payloads(hash TEXT PRIMARY KEY, codec TEXT, size INTEGER, body BLOB) STRICT",
    'CREATE TABLE tombstones(seq INTEGER PRIMARY KEY, reason TEXT, at TEXT, "by" TEXT, payloads TEXT) STRICT',
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT) STRICT",
    "CREATE INDEX events_run ON events(run, seq)",
    "CREATE INDEX events_type ON events(type, seq)",
    "CREATE INDEX events_task ON events(run, task)",
    "CREATE INDEX events_agent ON events(agent)",
)

_SET = "devassist.audit"
_NO_CHANGE = "the audit log is append-only"

TRIGGERS = {
    # Also stops REPLACE: without recursive_triggers, the row it removes fires no DELETE trigger.
    "events_in_chain": """BEFORE INSERT ON events
    WHEN NEW.seq IS NOT (SELECT COALESCE(MAX(seq), 0) + 1 FROM events)
      OR NEW.id IS NULL OR NEW.hash IS NULL
      OR EXISTS (SELECT 1 FROM events WHERE id = NEW.id)
      OR EXISTS (SELECT 1 FROM events WHERE hash = NEW.hash)
      OR NEW.prev_hash IS NOT COALESCE((SELECT hash FROM events WHERE seq = NEW.seq - 1),
           CASE WHEN lower(hex(NEW.prev_hash)) = (SELECT value FROM meta WHERE key = 'genesis')
             THEN NEW.prev_hash END, X'00')""",
    "events_no_update": """BEFORE UPDATE ON events
    WHEN NOT (EXISTS (SELECT 1 FROM tombstones WHERE seq = OLD.seq) AND NEW.data IS '{"$redacted":true}'
      AND NEW.seq IS OLD.seq AND NEW.id IS OLD.id AND NEW.at IS OLD.at AND NEW.run IS OLD.run
      AND NEW.task IS OLD.task AND NEW.agent IS OLD.agent AND NEW.type IS OLD.type
      AND NEW.parent IS OLD.parent AND NEW.prev_hash IS OLD.prev_hash AND NEW.hash IS OLD.hash)""",
    "events_no_delete": "BEFORE DELETE ON events",
    "digests_in_order": """BEFORE INSERT ON digests
    WHEN NEW.seq IS NOT (SELECT COALESCE(MAX(seq), 0) + 1 FROM digests)""",
    "digests_no_update": """BEFORE UPDATE ON digests
    WHEN NOT (EXISTS (SELECT 1 FROM tombstones WHERE seq = OLD.seq) AND NEW.salt IS NULL
      AND NEW.seq IS OLD.seq AND NEW.digest IS OLD.digest)""",
    "digests_no_delete": "BEFORE DELETE ON digests",
    "payloads_no_replace": """BEFORE INSERT ON payloads
    WHEN EXISTS (SELECT 1 FROM payloads WHERE hash = NEW.hash)""",
    "payloads_no_update": """BEFORE UPDATE ON payloads
    WHEN NOT (NEW.body IS X'' AND NEW.codec IS 'redacted' AND NEW.hash IS OLD.hash AND NEW.size IS OLD.size
      AND EXISTS (SELECT 1 FROM tombstones t, json_each(t.payloads) p WHERE p.value = OLD.hash))""",
    "payloads_no_delete": "BEFORE DELETE ON payloads",
    "tombstones_once": """BEFORE INSERT ON tombstones
    WHEN NOT EXISTS (SELECT 1 FROM events WHERE seq = NEW.seq)
      OR EXISTS (SELECT 1 FROM tombstones WHERE seq = NEW.seq)""",
    "tombstones_no_update": "BEFORE UPDATE ON tombstones",
    "tombstones_no_delete": "BEFORE DELETE ON tombstones",
    "meta_once": "BEFORE INSERT ON meta WHEN EXISTS (SELECT 1 FROM meta WHERE key = NEW.key)",
    "meta_no_update": "BEFORE UPDATE ON meta",
    "meta_no_delete": "BEFORE DELETE ON meta",
}


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the schema up to date. The caller holds the write lock, so two openers cannot race."""
    steps = (m001_events, m002_views, m003_conflicts, m004_views_of_facts, m005_tests)
    applied, known = _applied(connection), {step.__name__ for step in steps}
    if newer := applied - known:
        raise AuditError(
            f"the audit log was written by a newer devassist (it has {', '.join(sorted(newer))})",
            hint="upgrade devassist",
        )
    if applied == known:
        return
    with _without_numpy():
        import sqlite_utils
        from sqlite_utils.migrations import Migrations

    migrations = Migrations(_SET)
    for step in steps:
        migrations()(step)
    migrations.apply(sqlite_utils.Database(connection))


@contextmanager
def _without_numpy() -> Iterator[None]:
    """Hide numpy from sqlite_utils, which can do without: it starts a thread for each core, and those wait busily."""
    modules: dict[str, Any] = sys.modules
    hidden = "numpy" not in modules
    if hidden:
        modules["numpy"] = None  # which is how Python spells a module that cannot be imported
    try:
        yield
    finally:
        if hidden:
            del modules["numpy"]


def _applied(connection: sqlite3.Connection) -> set[str]:
    """The steps that sqlite_utils has noted as applied."""
    listed = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_sqlite_migrations'"
    if connection.execute(listed).fetchone() is None:
        return set()
    rows = connection.execute("SELECT name FROM _sqlite_migrations WHERE migration_set = ?", (_SET,))
    return {str(name) for (name,) in rows}


def m001_events(db: Any) -> None:
    """One statement at a time: `executescript` would commit the migration's transaction."""
    for statement in _TABLES:
        db.execute(statement)
    for name, body in TRIGGERS.items():
        db.execute(f"CREATE TRIGGER {name} {body} BEGIN SELECT RAISE(ABORT, '{_NO_CHANGE}'); END")


def m002_views(db: Any) -> None:
    reach("schema.migrate")
    for name, body in VIEWS.items():
        db.execute(f"CREATE VIEW {name} AS {body}")


def m003_conflicts(db: Any) -> None:
    """A conflict that is confirmed is found a second time; it is one row all the same."""
    db.execute("DROP VIEW conflicts")
    db.execute(f"CREATE VIEW conflicts AS {VIEWS['conflicts']}")


def m004_views_of_facts(db: Any) -> None:
    """Columns that no event had were always NULL: who decided an approval, how many turns an agent took."""
    for name, body in VIEWS.items():
        db.execute(f"DROP VIEW IF EXISTS {name}")  # an older log has none of the views that came later
        db.execute(f"CREATE VIEW {name} AS {body}")


def m005_tests(db: Any) -> None:
    """The view of what landings made of the tests, for logs whose views are those from before it."""
    db.execute("DROP VIEW IF EXISTS tests")
    db.execute(f"CREATE VIEW tests AS {VIEWS['tests']}")
