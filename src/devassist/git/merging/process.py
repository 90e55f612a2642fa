"""A long-lived `git merge-tree` behind a pipe; its death and its hanging are detected."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from devassist.domain.errors import RepositoryError
from devassist.git.command import TIMEOUT_S
from devassist.git.merging.report import PairResult, parsed

_CHUNK = 1 << 16


class Died(Exception):
    """The process ended, or was killed because it did not answer in time; the text is its last error message."""


@dataclass
class MergeProcess:
    """A running `git merge-tree --stdin`."""

    process: subprocess.Popen[bytes]
    requests: IO[bytes]
    answers: IO[bytes]
    errors: IO[bytes]
    _buffer: bytearray = field(default_factory=bytearray)
    _at: int = 0
    _owed: bool = False
    """Whether the answer to the last trivial question is unread."""

    @classmethod
    def start(cls, command: Sequence[str], directory: Path, environment: Mapping[str, str]) -> MergeProcess:
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        try:
            process = subprocess.Popen(
                command,
                cwd=directory,
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                bufsize=0,
                # Ctrl-C is for us; git ends with its input.
                start_new_session=True,
            )
        except OSError as error:
            errors.close()
            raise RepositoryError(f"git did not start: {error}") from error
        if process.stdin is None or process.stdout is None:
            raise RepositoryError("git did not start with pipes")
        return cls(process, process.stdin, process.stdout, errors)

    def close(self) -> None:
        """End the process, whatever it is doing."""
        for pipe in (self.requests, self.answers):
            pipe.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.errors.close()

    def ask(self, pairs: Sequence[tuple[str, str]]) -> Iterator[PairResult]:
        """The answers in order. Few enough pairs must be given at once for them to fit into a pipe."""
        # Git keeps the last byte of an answer back until there is a next one; a trivial question brings it out.
        last = pairs[-1][0]
        lines = [f"{ours} {theirs}\n" for ours, theirs in (*pairs, (last, last))]
        try:
            self.requests.write("".join(lines).encode())
        except OSError:
            raise Died(self._last_words()) from None
        fields = self._fields()
        if self._owed:
            parsed(fields)
        self._owed = True
        for _ in pairs:
            yield parsed(fields)

    def _fields(self) -> Iterator[bytes]:
        """The fields of the output, which zero bytes separate."""
        while True:
            end = self._buffer.find(b"\0", self._at)
            if end < 0:
                del self._buffer[: self._at]
                self._at = 0
                self._buffer += self._more()
                continue
            start, self._at = self._at, end + 1
            yield bytes(self._buffer[start:end])

    def _more(self) -> bytes:
        pipe = self.answers.fileno()
        ready, _, _ = select.select([pipe], [], [], TIMEOUT_S)
        data = os.read(pipe, _CHUNK) if ready else b""
        if not data:
            raise Died(self._last_words() if ready else f"no answer within {TIMEOUT_S:.0f} s")
        return data

    def _last_words(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=5)
        self.errors.seek(0)
        lines = self.errors.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "it ended without a message"
