"""The ids of the runs in an audit log, read without what reading events takes: shells ask for them at each Tab."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from devassist.store.connection import connect_reader, translated

# One index seek per run instead of a walk over every event.
_RUNS = """
WITH RECURSIVE names(run) AS (
  SELECT MIN(run) FROM events WHERE run > ''
  UNION ALL SELECT (SELECT MIN(run) FROM events WHERE run > names.run) FROM names WHERE names.run IS NOT NULL)
SELECT run FROM names WHERE run IS NOT NULL
ORDER BY (SELECT MIN(seq) FROM events WHERE events.run = names.run) DESC"""


def run_ids(path: Path) -> list[str]:
    """Every run of the log at `path`, newest first. Raises NotFound without a log, AuditError if it is unreadable."""
    with closing(connect_reader(path)) as connection:
        return select_runs(connection)


def select_runs(connection: sqlite3.Connection) -> list[str]:
    with translated("list runs"):
        return [row[0] for row in connection.execute(_RUNS)]
