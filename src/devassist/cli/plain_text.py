"""Text that is safe to print, and errors on stderr."""

from __future__ import annotations

import sys
from contextlib import suppress

from devassist.cli.workflow import command, send

_CONTROL = {code: None for code in range(32) if code not in (9, 10)} | {
    127: None,
    **dict.fromkeys(range(0x80, 0xA0)),
    **dict.fromkeys([0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]),
}


def plain(text: str) -> str:
    """
    The text without control and direction characters, so that no model and no file name can move the cursor.

    Bytes that are not UTF-8 become question marks: not every terminal's encoding can represent them.
    """
    return text.encode("utf-8", "replace").decode().translate(_CONTROL)


def one_line(text: str) -> str:
    """As `plain`, on one line: a file's name may contain any character."""
    return plain(text).replace("\n", "\\n").replace("\t", "\\t")


def first_line(text: str) -> str:
    """What a list of details begins with."""
    return text.split("\n", 1)[0]


def complain(fact: str, hint: str) -> None:
    """Print an error on stderr, with --quiet as well: the fact, then the next command to type."""
    with suppress(BrokenPipeError):  # nobody reads it: the exit code still says it
        send(command("error", plain(f"{fact}\nhint: {hint}" if hint else fact), title="devassist"))
        sys.stderr.write(f"error: {plain(fact)}\n")
        if hint:
            sys.stderr.write(f"hint: {plain(hint)}\n")
        sys.stderr.flush()
