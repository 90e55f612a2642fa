"""One file that always holds a whole text: it is replaced, and from a thread of its own where nobody may wait."""

from __future__ import annotations

import os
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Replace `path` by `text` at once: a reader sees the old file or the new one, also after a crash."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, 0o644)  # noqa: PTH101  mkstemp keeps its file to itself; a job's next step may be another user's
        os.replace(name, path)  # noqa: PTH105
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


@dataclass
class LatestFile:
    """
    Holds the newest of many texts. Those that are overtaken while the disk is busy are never written.

    The audit log waits for its sinks, and every worker waits for the audit log: an fsync here would be theirs.
    """

    path: Path
    _lock: threading.Lock = field(default_factory=threading.Lock)  # guards what follows
    _newest: str | None = None
    _thread: threading.Thread | None = None
    _error: OSError | None = None

    def put(self, text: str) -> None:
        """Write it soon. Raises the OSError of an earlier writing."""
        with self._lock:
            if self._error is not None:
                raise self._error
            self._newest = text
            if self._thread is None:
                self._thread = threading.Thread(target=self._write, name=f"writes {self.path.name}")
                self._thread.start()

    def settle(self) -> None:
        """Wait until the newest text is in the file. Raises the OSError that kept it from being there."""
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()
        if self._error is not None:
            raise self._error

    def _write(self) -> None:
        while True:
            with self._lock:
                text, self._newest = self._newest, None
                if text is None or self._error is not None:
                    self._thread = None
                    return
            try:
                write_whole(self.path, text)
            except OSError as error:
                with self._lock:
                    self._error = error
