"""
GitHub's workflow commands: how one is written, and how text that others wrote is kept from being one.

The runner reads every line of a step's two streams. A line that begins with `::`, blanks before it or not, is a
command, and so is `##[` anywhere in a line. What agents, models and repositories say is shown with a blank in
between; JSON carries an escape.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TextIO

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)")
_COMMAND = re.compile(r"^(\s*):(?=:)")


def command(name: str, message: str, **properties: str | int) -> str:
    """One workflow command as its line; properties whose value is empty or 0 are left out."""
    given = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items() if value)
    return f"::{name}{' ' + given if given else ''}::{_message(message)}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")


def disarmed(text: str) -> str:
    """One line, or the end of it, that the runner takes for text."""
    return _COMMAND.sub(r"\1: ", text).replace("##[", "## [")


class DisarmedStream:
    """
    A text stream that disarms whole lines on their way; what is not ended by a line feed waits for its end.

    `send` is the one way past it, for the commands that are ours.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._waiting = ""

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        self._waiting += text
        end = 0
        for found in _LINE.finditer(self._waiting):
            self._stream.write(disarmed(found[0]))
            end = found.end()
        self._waiting = self._waiting[end:]
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def send(self, line: str) -> None:
        """A line as it is."""
        if self._waiting:
            self.write("\n")
        self._stream.write(f"{line}\n")
        self._stream.flush()

    def finish(self) -> None:
        """What still waits for a line feed, at the end of the process."""
        waiting, self._waiting = self._waiting, ""
        with suppress(OSError, ValueError):  # the reader is gone, and was told so before
            self._stream.write(disarmed(waiting))
            self._stream.flush()


def disarm_streams() -> None:
    """From here on nothing this process says is a command, unless it is sent. A redirect to a file stays as it is."""
    if not _is_file(sys.stdout):
        sys.stdout = DisarmedStream(sys.stdout)
    sys.stderr = DisarmedStream(sys.stderr)


def finish_streams() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, DisarmedStream):
            stream.finish()


def send(line: str) -> None:
    """A workflow command on stderr; nothing outside a job of GitHub's."""
    if isinstance(sys.stderr, DisarmedStream):
        sys.stderr.send(line)


def _is_file(stream: TextIO) -> bool:
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError, AttributeError):
        return False


def is_job(environment: Mapping[str, str]) -> bool:
    return environment.get("GITHUB_ACTIONS") == "true"
