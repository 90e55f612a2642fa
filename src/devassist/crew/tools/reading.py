"""The tool that reads a file, page by page."""

from __future__ import annotations

from typing import Final

from devassist.crew.tools import shapes
from devassist.crew.tools.outputs import kept_output
from devassist.crew.tools.paths import LARGEST_FILE, plain_path
from devassist.crew.tools.text.texts import fitting, is_binary, lines_of
from devassist.crew.tools.tool_context import ToolContext, ToolOutcome

_PAGE: Final = 400


def read_file(session: ToolContext, arguments: shapes.ReadFile, _evidence: str) -> ToolOutcome:
    """At most 400 lines and 12 kB, in whole lines, and how to go on. A given range is bound by its size only."""
    if (output := kept_output(session, arguments.path)) is not None:
        path, (text, _lines) = arguments.path, page(arguments.path, output, arguments)
        return ToolOutcome(text=text, subject=path, summary=f"{path} was read")
    path = plain_path(session, arguments.path)
    content = session.files.read_bytes(path, LARGEST_FILE)
    if is_binary(content):
        text = f"error: {path} is a binary file of {len(content):,} bytes"
        return ToolOutcome(text=text, ok=False, subject=path)
    text, lines = page(path, content, arguments)
    return ToolOutcome(text=text, subject=path, read=(path,), lines=lines, summary=f"{path} was read")


def page(path: str, content: bytes, arguments: shapes.ReadFile) -> tuple[str, tuple[int, int] | None]:
    """The numbered lines of `content` that `arguments` ask for, and the first and the last of them."""
    lines, start, last = lines_of(content), arguments.start_line, arguments.end_line
    if start > len(lines):
        return f"({path} has {len(lines):,} lines)", None
    end = min(len(lines), start + _PAGE - 1 if last is None else max(last, start))
    numbered = (f"{number:>5}  {lines[number - 1]}" for number in range(start, end + 1))
    shown = fitting(numbered)
    reached = start + len(shown) - 1
    total = f"{len(lines):,}" if len(content) < LARGEST_FILE else f"more than {len(lines):,}"
    if start == 1 and reached == len(lines):
        return "\n".join(shown), (start, reached)
    more = f"; go on with start_line={reached + 1}" if reached < len(lines) else ""
    return "\n".join([*shown, f"(lines {start:,}-{reached:,} of {total}{more})"]), (start, reached)
