"""The three standard streams, so that no encoding, no closed stream and no reader that leaves is an error of ours."""

from __future__ import annotations

import codecs
import os
import sys
from contextlib import suppress
from io import TextIOWrapper

_PLAIN = {
    "✔": "v",
    "✘": "x",
    "▶": ">",
    "◆": "*",
    "■": "#",
    "·": ".",
    "…": "...",
    "\u2013": "-",
    "\u2014": "-",
    "→": "->",
    "•": "*",
    "\u2018": "'",
    "\u2019": "'",
    "\u201c": '"',
    "\u201d": '"',
    "─": "-",
    "━": "-",
    "│": "|",
}
_HANDLER = "devassist.plain"


def prepare_streams() -> None:
    """Open what is closed, and print plain characters for those that a stream's encoding does not have."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  for the process
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    codecs.register_error(_HANDLER, _plainer)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and _is_lossy(stream):
            stream.reconfigure(errors=_HANDLER)


def _is_lossy(stream: TextIOWrapper) -> bool:
    """Whether there is text that it cannot write as it is; names of files that are no UTF-8 may be written so."""
    return stream.errors != "surrogateescape" or not _is_utf(stream.encoding)


def _plainer(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(
        _PLAIN.get(character, "?") for character in error.object[error.start : error.end]
    ), error.end


def prints_any_character() -> bool:
    """Whether stdout has every character; JSON for another one is escaped."""
    return _is_utf(getattr(sys.stdout, "encoding", None) or "utf-8")


def _is_utf(encoding: str) -> bool:
    return codecs.lookup(encoding).name.startswith("utf-")


def abandon_streams() -> None:
    """The reader of a stream is gone: what is still to be written goes nowhere, without a complaint at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        try:
            (sys.stdout if descriptor == 1 else sys.stderr).flush()
        except (OSError, ValueError):
            with suppress(OSError):
                os.dup2(nowhere, descriptor)
    os.close(nowhere)
