"""Long outputs of commands: their ends for the model, and the whole in a file that its tools can read."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Sequence
from typing import Final

from devassist.crew.tools.paths import LARGEST_FILE
from devassist.crew.tools.text.texts import fitting
from devassist.crew.tools.tool_context import ToolContext, ToolRefused

_PREFIX: Final = "output:"
_HEAD: Final = 4_000
_TAIL: Final = 6_000


def output_file(path: str) -> str:
    """The file in the agent's private directory that the path `output:<id>` names; empty for any other path."""
    if not path.startswith(_PREFIX):
        return ""
    name = path.removeprefix(_PREFIX).strip()
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,200}", name):
        raise ToolRefused(f"path: {path!r} names no output; results of commands say which there are")
    return f"outputs/{name}.txt"


def kept_output(session: ToolContext, path: str) -> bytes | None:
    """The output that `path` names; None if it names a file. Raises FileNotFoundError."""
    file = output_file(path)
    if not file:
        return None
    try:
        return session.scratch.read_bytes(file, LARGEST_FILE)
    except FileNotFoundError:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path) from None


def keep_output(session: ToolContext, evidence: str, output: str) -> str:
    """Keep a whole output for later; the path by which tools read it. It is never committed."""
    session.scratch.write_bytes(f"outputs/{evidence}.txt", output.encode("utf-8", "surrogateescape"))
    return f"{_PREFIX}{evidence}"


def abridged(session: ToolContext, evidence: str, output: str) -> str:
    """An output as it is if it is short; else its first and last lines, and where the whole is."""
    output = output.rstrip()
    if len(output) <= _HEAD + _TAIL:
        return output
    lines = output.split("\n")
    if len(lines) == 1:
        note = f"[... the line has {len(output):,} characters ...]"
        return f"{output[:_HEAD]}\n{note}\n{output[-_TAIL:]}"
    head = fitting(lines, _HEAD)
    tail = _last(lines[len(head) :], _TAIL)
    left_out = len(lines) - len(head) - len(tail)
    path = keep_output(session, evidence, output)
    count = f"{left_out:,} of {len(lines):,} lines"
    note = f"[... {count} left out: all of them are at path={path!r} of read_file and search_code ...]"
    return "\n".join([*head, note, *tail])


def _last(lines: Sequence[str], most: int) -> Sequence[str]:
    """The last of `lines` that together fit into `most` characters; of a last line that does not, its end."""
    size, count = 0, 0
    for line in reversed(lines):
        size += len(line) + 1
        if size > most:
            break
        count += 1
    if count:
        return lines[len(lines) - count :]
    return [f"[...] {lines[-1][-most // 2 :]}"] if lines else []
