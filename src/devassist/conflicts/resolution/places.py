"""Which function or class a hunk stands in, by the symbol table of the file. Pure."""

from __future__ import annotations

from devassist.conflicts.resolution.marked import MarkedText, lines_of
from devassist.conflicts.syntax.languages import grammar_for, read_table

_CONTEXT = 3


def symbols_around(path: str, text: str, marked: MarkedText) -> list[str]:
    """For each hunk of a file the innermost definition of `text`, ours, around it; empty where there is none."""
    grammar = grammar_for(path)
    lines = _lines_of_hunks(text, marked)
    if grammar is None:
        return [""] * len(lines)
    definitions = read_table(grammar, text.encode("utf-8", "surrogateescape")).definitions
    found: list[str] = []
    for line in lines:
        around = [one for one in definitions if one.start <= line <= one.end and one.kind != "local"]
        found.append(min(around, key=lambda one: one.end - one.start).name if around else "")
    return found


def _lines_of_hunks(text: str, marked: MarkedText) -> list[int]:
    """The line of ours, counted from 1, at which each hunk begins; found by its own lines and those before it."""
    lines = lines_of(text)
    found: list[int] = []
    at = 0
    before: list[str] = []
    for part in marked.parts:
        if isinstance(part, str):
            before = lines_of(part)[-_CONTEXT:]
            continue
        own = lines_of(part.ours)
        at = _find(lines, [*before, *own], at)
        found.append(at + len(before) + 1)
        at += len(before) + len(own)
        before = []
    return found


def _find(lines: list[str], wanted: list[str], start: int) -> int:
    """Where these lines stand from `start` on; `start` itself where they do not."""
    if not wanted:
        return start
    places = range(start, len(lines) - len(wanted) + 1)
    return next((at for at in places if lines[at : at + len(wanted)] == wanted), start)
