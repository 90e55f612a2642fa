"""The function or class around each hunk, by the symbol table of the file. Pure."""

from __future__ import annotations

from devassist.conflicts.resolution.marked import MarkedText, lines_of
from devassist.conflicts.syntax.languages import grammar_for, read_table
from devassist.conflicts.syntax.tables import SymbolKind

_CONTEXT = 3


def symbols_around(path: str, text: str, marked: MarkedText) -> list[str]:
    """For each hunk, the qualified name of the innermost definition around it in `text` (ours), or an empty string."""
    grammar = grammar_for(path)
    lines = _lines_of_hunks(text, marked)
    if grammar is None:
        return [""] * len(lines)
    definitions = read_table(grammar, text.encode("utf-8", "surrogateescape")).definitions
    symbols: list[str] = []
    for line in lines:
        around = [
            definition
            for definition in definitions
            if definition.start <= line <= definition.end and definition.kind is not SymbolKind.LOCAL
        ]
        innermost = min(around, key=lambda definition: definition.end - definition.start, default=None)
        symbols.append("" if innermost is None else innermost.name)
    return symbols


def _lines_of_hunks(text: str, marked: MarkedText) -> list[int]:
    """The line of `text` (ours), counted from 1, at which each hunk begins, by its own lines and those before it."""
    lines = lines_of(text)
    starts: list[int] = []
    at = 0
    before: list[str] = []
    for part in marked.parts:
        if isinstance(part, str):
            before = lines_of(part)[-_CONTEXT:]
            continue
        own = lines_of(part.ours)
        at = _find(lines, [*before, *own], at)
        starts.append(at + len(before) + 1)
        at += len(before) + len(own)
        before = []
    return starts


def _find(lines: list[str], wanted: list[str], start: int) -> int:
    """The index of these lines at or after `start`; `start` itself if they are not there."""
    if not wanted:
        return start
    places = range(start, len(lines) - len(wanted) + 1)
    return next((at for at in places if lines[at : at + len(wanted)] == wanted), start)
