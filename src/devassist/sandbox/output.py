"""Keeps the first and last 100 kB of a command's output."""

from __future__ import annotations

from typing import Final

KEPT: Final = 100_000
"""Bytes kept at each end."""


class BoundedOutput:
    """Takes any number of bytes and never holds more than a few hundred kB."""

    def __init__(self, keep: int = KEPT) -> None:
        self._keep = keep
        self._head = bytearray()
        self._tail = bytearray()
        self._dropped = 0

    def add(self, chunk: bytes) -> None:
        room = self._keep - len(self._head)
        if room > 0:
            self._head += chunk[:room]
            chunk = chunk[room:]
        self._tail += chunk
        # Cut in steps: moving 100 kB for every pipe read would cost more than the read.
        if 2 * self._keep < len(self._tail):
            self._trim()

    @property
    def truncated(self) -> bool:
        return self._dropped + max(0, len(self._tail) - self._keep) > 0

    def text(self) -> str:
        self._trim()
        if not self._dropped:
            return (self._head + self._tail).decode("utf-8", "replace")
        head, tail = (part.decode("utf-8", "replace") for part in (self._head, self._tail))
        return f"{head}\n[... {self._dropped} bytes left out ...]\n{tail}"

    def _trim(self) -> None:
        over = len(self._tail) - self._keep
        if over > 0:
            del self._tail[:over]
            self._dropped += over
