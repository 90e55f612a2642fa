"""Text as tools show it: lines as git and compilers count them, within a bound. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

BOM: Final = b"\xef\xbb\xbf"
MOST_BYTES: Final = 12_000
"""What one page of a file or a diff may have."""
_BINARY_IN: Final = 8_000


def is_binary(content: bytes) -> bool:
    """Whether git would take it for binary: a NUL near its beginning."""
    return b"\0" in content[:_BINARY_IN]


def is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def lines_of(content: bytes) -> Sequence[str]:
    r"""
    The lines without their ends and the BOM. Only `\n` and `\r\n` end a line, as for git, grep and patch.

    `str.splitlines` also breaks at form feeds and U+2028, and its line numbers then differ from everybody else's.
    """
    lines = content.removeprefix(BOM).decode("utf-8", "replace").split("\n")
    if lines[-1] == "":
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


def fitting(lines: Iterable[str], most: int = MOST_BYTES) -> Sequence[str]:
    """The first of `lines` that together fit into `most` bytes; the first of all is cut if it does not."""
    fit, room = list[str](), most
    for line in lines:
        size = len(line.encode("utf-8", "replace")) + 1
        if size > room:
            if not fit:
                return [f"{line[: most // 4]} [... the line is cut: it has {len(line):,} characters]"]
            break
        fit.append(line)
        room -= size
    return fit
