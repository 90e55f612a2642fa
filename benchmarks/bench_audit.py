"""
Durable events per second: eight threads through the audit log, against one commit per event in bare sqlite3.

Run with `pytest benchmarks/bench_audit.py -s`. The second test prints the ratio.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from devassist.domain.events import EventType
from devassist.store.audit_log import AuditLog
from devassist.store.verify import verify
from support.facts import event as event_of

THREADS, EACH = 8, 100
DATA = {"name": "read_file", "arguments": {"path": "src/app.py"}, "result": "r" * 250, "ok": True}


def through_the_log(path: Path) -> None:
    with AuditLog.open(path, heads_file=None, now=lambda: datetime.now(UTC)) as log:

        def work() -> None:
            for _ in range(EACH):
                log.record(event_of(EventType.TOOL_CALLED, run="r", agent="t1/coder", data=DATA))

        threads = [threading.Thread(target=work) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def bare_sqlite(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE events(seq INTEGER PRIMARY KEY, data TEXT)")
    for _ in range(THREADS * EACH):
        connection.execute("INSERT INTO events(data) VALUES (?)", (str(DATA),))
    connection.close()


def fresh(folder: Path) -> Callable[[], tuple[tuple[Any, ...], dict[str, Any]]]:
    numbers = iter(range(1000))
    return lambda: ((folder / f"{next(numbers)}.db",), {})


def test_eight_threads_through_the_log(benchmark: Any, tmp_path: Path) -> None:
    benchmark.pedantic(through_the_log, setup=fresh(tmp_path), rounds=5)


def test_one_commit_per_event_in_bare_sqlite(benchmark: Any, tmp_path: Path) -> None:
    benchmark.pedantic(bare_sqlite, setup=fresh(tmp_path), rounds=5)
    rates = []
    for function, name in ((through_the_log, "log.db"), (bare_sqlite, "bare.db")):
        begun = time.perf_counter()
        function(tmp_path / name)
        rates.append(THREADS * EACH / (time.perf_counter() - begun))
    print(
        f"\naudit log {rates[0]:.0f} events/s, bare sqlite3 {rates[1]:.0f}, ratio {rates[0] / rates[1]:.2f}"
    )


def test_verifying(benchmark: Any, tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    with AuditLog.open(path, heads_file=None, now=lambda: datetime.now(UTC)) as log:
        for _ in range(20):
            log.record(*[event_of(EventType.TOOL_CALLED, run="r", data=DATA)] * 500)
    assert benchmark(verify, path).events == 10_000
