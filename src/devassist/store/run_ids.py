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


_TASKS = "SELECT task FROM events WHERE run = ? AND task > '' GROUP BY task ORDER BY MIN(seq)"
_REQUESTS = """
SELECT json_extract(data, '$.approval') FROM events WHERE type = 'approval.requested'
EXCEPT SELECT json_extract(data, '$.approval') FROM events WHERE type = 'approval.decided'"""
_CONFLICTS = """
SELECT json_extract(data, '$.conflict') FROM events WHERE type = 'conflict.found'
GROUP BY 1 ORDER BY MAX(seq) DESC"""


def task_ids(path: Path, run: str) -> list[str]:
    """The tasks of a run that have begun, in that order."""
    return _ids(path, _TASKS, run)


def request_ids(path: Path) -> list[str]:
    """The requests to a person that nobody has decided."""
    return _ids(path, _REQUESTS)


def conflict_ids(path: Path) -> list[str]:
    """Every conflict that was recorded, the newest first."""
    return _ids(path, _CONFLICTS)


def _ids(path: Path, sql: str, *values: str) -> list[str]:
    with closing(connect_reader(path)) as connection, translated("list ids"):
        return [str(row[0]) for row in connection.execute(sql, values) if row[0]]
