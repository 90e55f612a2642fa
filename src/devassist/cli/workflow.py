"""
Writes GitHub's workflow commands, and keeps text that others wrote from being taken for one.

The runner reads every line of a step's two streams. A line that begins with `::`, with or without blanks before it,
is a command, and so is `##[` anywhere in a line. Text of agents, models and repositories is shown with a blank in
between; in JSON it is escaped.
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
    """The line of one workflow command. Properties whose value is empty or 0 are left out."""
    listed = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items() if value)
    return f"::{name}{' ' + listed if listed else ''}::{_message(message)}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")


def disarmed(text: str) -> str:
    """A line, or the end of one, changed so that the runner takes it for text."""
    return _COMMAND.sub(r"\1: ", text).replace("##[", "## [")


class DisarmedStream:
    """
    A text stream that disarms whole lines. Text without a line feed is held back until its line ends.

    Only `send` writes a line as it is, for our own commands.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._waiting = ""

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        self._waiting += text
        end = 0
        for line in _LINE.finditer(self._waiting):
            self._stream.write(disarmed(line[0]))
            end = line.end()
        self._waiting = self._waiting[end:]
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def send(self, line: str) -> None:
        """Write a line as it is."""
        if self._waiting:
            self.write("\n")
        self._stream.write(f"{line}\n")
        self._stream.flush()

    def finish(self) -> None:
        """Write the text that is held back, at the end of the process."""
        waiting, self._waiting = self._waiting, ""
        with suppress(OSError, ValueError):  # the reader is gone, which was reported before
            self._stream.write(disarmed(waiting))
            self._stream.flush()


def disarm_streams() -> None:
    """Disarm all that this process prints from now on. A stdout that is redirected to a file stays as it is."""
    if not _is_file(sys.stdout):
        sys.stdout = DisarmedStream(sys.stdout)
    sys.stderr = DisarmedStream(sys.stderr)


def finish_streams() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, DisarmedStream):
            stream.finish()


def send(line: str) -> None:
    """Write a workflow command to stderr; outside a job of GitHub's it writes nothing."""
    if isinstance(sys.stderr, DisarmedStream):
        sys.stderr.send(line)


def _is_file(stream: TextIO) -> bool:
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError, AttributeError):
        return False


def is_job(environment: Mapping[str, str]) -> bool:
    return environment.get("GITHUB_ACTIONS") == "true"
