"""A command in a pseudo terminal of a given size, and the screen that a person sees."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

_SEQUENCE = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|\x1b[()=>78][0B]?|\x1b\][^\x07]*\x07")


class Screen:
    """The part of a VT100 that tables and live views use: cursor up, erase, returns, wrapping; colours are dropped."""

    def __init__(self, columns: int, lines: int) -> None:
        self.columns, self.height = columns, lines
        self._rows: list[list[str]] = [[]]
        self._row = self._column = 0

    @property
    def text(self) -> str:
        """All rows, also those that have scrolled away."""
        return "\n".join("".join(row).rstrip() for row in self._rows)

    @property
    def visible(self) -> list[str]:
        return self.text.split("\n")[-self.height :]

    def feed(self, data: str) -> None:
        at = 0
        while at < len(data):
            if match := _SEQUENCE.match(data, at):
                self._control(match[1] or "", match[2] or "")
                at = match.end()
            else:
                self._put(data[at])
                at += 1

    def _control(self, parameters: str, final: str) -> None:
        count = int(parameters) if parameters.isdigit() else 1
        if final == "A":
            top = max(0, len(self._rows) - self.height)
            self._row = max(top, self._row - count)
        elif final == "K":
            del self._rows[self._row][0 if parameters == "2" else self._column :]
        elif final == "J":
            del self._rows[self._row + 1 :]
            del self._rows[self._row][self._column :]
        elif final == "H":
            self._row, self._column = max(0, len(self._rows) - self.height), 0

    def _put(self, character: str) -> None:
        if character == "\n":
            self._down()
        elif character == "\r":
            self._column = 0
        elif character >= " ":
            if self._column >= self.columns:
                self._down()
                self._column = 0
            row = self._rows[self._row]
            row.extend(" " * (self._column + 1 - len(row)))
            row[self._column] = character
            self._column += 1

    def _down(self) -> None:
        self._row += 1
        if self._row == len(self._rows):
            self._rows.append([])


class Terminal:
    """A program whose three streams are a terminal. A context manager that ends the program."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path,
        environment: Mapping[str, str],
        size: tuple[int, int] = (80, 24),
    ) -> None:
        columns, lines = size
        self.screen = Screen(columns, lines)
        self.raw = ""
        self._main, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.process = subprocess.Popen(
            list(arguments),
            cwd=cwd,
            env={"TERM": "xterm-256color", **environment},
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
        )
        os.close(terminal)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._main)

    def type(self, keys: str) -> None:
        os.write(self._main, keys.encode())

    def read(self, seconds: float = 0.2) -> bool:
        """Take in what was printed; False once the program is gone and all of it has been read."""
        ready, _, _ = select.select([self._main], [], [], seconds)
        if not ready:
            return self.process.poll() is None
        try:
            data = os.read(self._main, 65536)
        except OSError:  # the other side is closed
            return False
        text = data.decode("utf-8", "replace")
        self.raw += text
        self.screen.feed(text)
        return bool(data)

    def wait_for(self, condition: Callable[[str], bool], seconds: float = 60) -> str:
        """The visible screen once the condition holds for it. AssertionError if it never does."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            visible = "\n".join(self.screen.visible)
            if condition(visible):
                return visible
            if not self.read() and not condition("\n".join(self.screen.visible)):
                break
        visible = "\n".join(self.screen.visible)
        assert condition(visible), f"never shown; the screen is:\n{visible}"
        return visible

    def finish(self, seconds: float = 120) -> int:
        """Read to the end; the exit code."""
        end = time.monotonic() + seconds
        while self.read():
            assert time.monotonic() < end, f"does not end:\n{self.screen.text}"
        return self.process.wait(timeout=30)


def devassist(*arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", "devassist", *arguments]
