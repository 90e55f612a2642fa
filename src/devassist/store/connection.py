"""How the database file is opened, locked and its errors made ours."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from devassist.domain.errors import AuditError, NotFound

PATIENCE_S = 30.0
"""How long another writer is waited for."""

_POLL_S = 0.0005


def sqlite_version() -> str:
    """The version of the SQLite library that this Python is linked with."""
    return sqlite3.sqlite_version


def connect_writer(path: Path) -> sqlite3.Connection:
    """A connection whose commits survive a power cut. Creates the file, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Prompts and diffs are in there. SQLite gives -wal and -shm the mode of the database.
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    sync_directory(path.parent)
    # The writer thread is not the one that opens; after opening only it touches the connection.
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=PATIENCE_S)
    try:
        connection.execute(f"PRAGMA busy_timeout = {int(PATIENCE_S * 1000)}")
        _require_wal(connection, path)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")  # a redacted secret must not linger in free pages
    except BaseException:
        connection.close()
        raise
    return connection


def _require_wal(connection: sqlite3.Connection, path: Path) -> None:
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise AuditError(
            f"the audit log {path} cannot use write-ahead logging (journal mode is {mode})",
            hint="keep the repository on a local file system",
        )


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write, beside an active writer or without one."""
    if not path.exists():
        raise NotFound("this repository has no runs yet", hint="devassist run 'what is wanted' starts one")
    uri = f"file:{quote(str(path.absolute()))}?mode=ro"
    try:
        return _ready(uri)
    except sqlite3.Error as error:
        # Without a writer, reading a WAL database creates its -shm file; on read-only media that cannot be.
        if os.access(path.parent, os.W_OK):
            raise AuditError(f"the audit log {path} cannot be read: {error}") from error
    with translated(f"read {path}"):
        return _ready(f"{uri}&immutable=1")


def _ready(uri: str) -> sqlite3.Connection:
    # Readers may be handed between threads (the live view does); sqlite3 serialises them itself.
    connection = sqlite3.connect(
        uri, uri=True, isolation_level=None, check_same_thread=False, timeout=PATIENCE_S
    )
    try:
        connection.row_factory = sqlite3.Row
        # An edited row may hold invalid UTF-8; that is for `verify` to say, not for the cursor to die of.
        connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        connection.execute("PRAGMA query_only = ON")
        connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def translated(doing: str) -> Generator[None]:
    """sqlite3's and the file system's errors as AuditError."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise AuditError(f"the audit log could not {doing}: {error}") from error


class WriteLock:
    """
    One writing process at a time, for each transaction and the checkpoint inside its commit.

    SQLite's own lock would do for correctness of the rows, but before 3.51.3 two connections that write and
    checkpoint at the same instant can corrupt the file, and its back-off starves the loser for seconds.
    The lock is a file beside the database: closing any descriptor of the database itself would drop
    SQLite's POSIX locks.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(f"{path.name}.lock")
        self._file = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)

    @contextmanager
    def held(self) -> Generator[None]:
        """Raises AuditError where another process holds it for longer than anybody should."""
        deadline = time.monotonic() + PATIENCE_S
        while not self._taken():
            if deadline < time.monotonic():
                raise AuditError(
                    f"another process has held {self._path} for {PATIENCE_S:.0f} s",
                    hint="look for a stopped devassist with 'ps'",
                )
            time.sleep(_POLL_S)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        os.close(self._file)

    def _taken(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def sync_directory(path: Path) -> None:
    """Make a new name in `path` durable."""
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
