"""Puts the functions, methods and classes that a model wrote into a file, by the file's syntax tree. Pure."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tree_sitter import Parser

from devassist.conflicts.syntax.languages import Grammar, grammar_for, load_language, parses, read_table
from devassist.conflicts.syntax.tables import CALLABLES, Definition, SymbolKind, Table

_TYPES = frozenset(
    {
        SymbolKind.CLASS,
        SymbolKind.INTERFACE,
        SymbolKind.STRUCT,
        SymbolKind.ENUM,
        SymbolKind.TRAIT,
        SymbolKind.TYPE,
    }
)
_ELIDED = 0.5
"""The share of a file's functions that a whole new file must still have: with fewer, something was elided."""


_LEFT_OUT = re.compile(
    r"\s*(\.\.\.|…|(#|//|/\*)\s*(\.\.\.|…|.*\b(existing|unchanged|rest of|same as|remaining)\b).*)\s*"
)
"""A line that stands for code which the model did not write again."""


class NotSpliced(Exception):
    """Code that has no place in the file, or breaks it. The text is for the model."""


@dataclass(frozen=True, slots=True)
class _Edit:
    """New lines for those from `start` to before `end`, counted from 0; an insertion if the two are equal."""

    start: int
    end: int
    lines: Sequence[str]


def spliced(path: str, before: str | None, code: str, *, whole: bool = False) -> str:
    """
    The file's new text. `before` is None for a new file; `whole` says that `code` is all of it.

    Raises NotSpliced if that does not parse, or if no function, class or variable of `code` has a certain place.
    """
    code = textwrap.dedent(code).strip("\n") + "\n"
    grammar = grammar_for(path)
    if grammar is None or before is None or not before.strip() or whole:
        _check_whole(path, grammar, before or "", code)
        return code
    if not parses(grammar, code.encode()):
        raise NotSpliced(f"the code for {path} has a syntax error")
    after = _Splice(grammar, path, before, code).text()
    if not parses(grammar, after.encode()) and parses(grammar, before.encode()):
        raise NotSpliced(f"{path} would have a syntax error with this code in it")
    return after


def shared_names(path: str, text: str, code: str) -> set[str]:
    """The functions and types that both a file and a piece of code define; none for a file of no language."""
    grammar = grammar_for(path)
    if grammar is None:
        return set()
    return _names(read_table(grammar, text.encode())) & _names(read_table(grammar, code.encode()))


def _check_whole(path: str, grammar: Grammar | None, before: str, code: str) -> None:
    if grammar is None:
        return
    if not parses(grammar, code.encode()):
        raise NotSpliced(f"the new {path} has a syntax error")
    had, has = (_names(read_table(grammar, text.encode())) for text in (before, code))
    if len(had & has) < _ELIDED * len(had):
        missing = ", ".join(sorted(had - has)[:5])
        raise NotSpliced(
            f"the new {path} lacks {missing}: write only the functions that change, or the whole file"
        )


def _names(table: Table) -> set[str]:
    return {definition.name for definition in table.definitions if definition.kind in CALLABLES | _TYPES}


class _Splice:
    """One piece of code on its way into one file."""

    def __init__(self, grammar: Grammar, path: str, before: str, code: str) -> None:
        self._grammar = grammar
        self._path = path
        self._old, self._new = (read_table(grammar, text.encode()) for text in (before, code))
        self._before, self._code = before.split("\n"), code.split("\n")
        self._source = code

    def text(self) -> str:
        edits = [edit for definition in self._outermost() for edit in self._edits_for(definition)]
        if not edits:
            raise NotSpliced(f"the code for {self._path} holds no function and no class")
        edits += self._imports()
        lines = list(self._before)
        for edit in sorted(edits, key=lambda edit: (edit.start, edit.end), reverse=True):
            lines[edit.start : edit.end] = edit.lines
        return "\n".join(lines).rstrip("\n") + "\n"

    def _outermost(self) -> Sequence[Definition]:
        return [
            definition
            for definition in self._new.definitions
            if not definition.owner and definition.kind is not SymbolKind.LOCAL
        ]

    def _edits_for(self, definition: Definition) -> Iterator[_Edit]:
        same = self._old_named(definition.name)
        if not same and definition.kind in CALLABLES:
            same = [
                old for old in self._old.definitions if old.last == definition.name and old.kind in CALLABLES
            ]
        if not same:
            yield self._appended(definition)
        elif len(same) > 1:
            raise NotSpliced(
                f"{self._path} has {len(same)} definitions of {definition.name}: write the class around it, "
                "or the whole file"
            )
        elif definition.kind in _TYPES and self._members_missing(definition):
            yield from self._merged(definition, same[0])
        else:
            yield self._replaced(definition, same[0])

    def _old_named(self, name: str) -> Sequence[Definition]:
        return [old for old in self._old.definitions if old.name == name]

    def _members(self, table: Table, owner: str) -> Sequence[Definition]:
        return [entry for entry in table.definitions if entry.owner == owner and entry.kind in CALLABLES]

    def _members_missing(self, definition: Definition) -> bool:
        names = {member.name for member in self._members(self._new, definition.name)}
        return any(member.name not in names for member in self._members(self._old, definition.name))

    def _merged(self, definition: Definition, old: Definition) -> Iterator[_Edit]:
        """The methods of a class that the model wrote only in part."""
        inside = self._members(self._old, definition.name)
        last = max((member.end for member in inside), default=old.end)
        for member in self._members(self._new, definition.name):
            same = self._old_named(member.name)
            if len(same) > 1:
                raise NotSpliced(
                    f"{self._path} has {len(same)} definitions of {member.name}: write the whole file"
                )
            if same:
                yield self._replaced(member, same[0])
            else:
                yield _Edit(last, last, ["", *self._indented(member, self._margin(inside[0]))])

    def _replaced(self, new: Definition, old: Definition) -> _Edit:
        lines = self._indented(new, self._margin(old))
        before = self._before[old.start - 1 : old.end]
        if any(map(_LEFT_OUT.fullmatch, lines)) and not any(map(_LEFT_OUT.fullmatch, before)):
            if new.kind in CALLABLES and all(_LEFT_OUT.fullmatch(line) for line in lines[1:] if line.strip()):
                lines = before  # only its first line is there: it was not meant to change
            else:
                raise NotSpliced(f"the code of {new.name} leaves something out; write all of it")
        return _Edit(old.start - 1, old.end, lines)

    def _appended(self, definition: Definition) -> _Edit:
        """After the last function or class: what follows may be the statements that start the program."""
        ends = [old.end for old in self._old.definitions if not old.owner and old.kind in CALLABLES | _TYPES]
        at = max(ends, default=len(self._before))
        if definition.kind not in CALLABLES | _TYPES:  # a constant, which functions may need
            at = self._first_line()
            return _Edit(at, at, [*self._indented(definition, ""), ""])
        return _Edit(at, at, ["", "", *self._indented(definition, "")])

    def _margin(self, old: Definition) -> str:
        line = self._before[old.start - 1]
        return line[: len(line) - len(line.lstrip())]

    def _indented(self, definition: Definition, margin: str) -> Sequence[str]:
        lines = "\n".join(self._code[definition.start - 1 : definition.end])
        return textwrap.indent(textwrap.dedent(lines), margin).split("\n")

    def _first_line(self) -> int:
        return min(
            (old.start - 1 for old in self._old.definitions if not old.owner), default=len(self._before)
        )

    def _imports(self) -> Iterator[_Edit]:
        """The imports that the code brings and the file does not have, after those that it has."""
        known = {entry.local for entry in self._old.imports}
        wanted = {entry.line for entry in self._new.imports if not entry.scope and entry.local not in known}
        at = (
            max((entry.line for entry in self._old.imports if not entry.scope), default=0)
            or self._first_line()
        )
        root = Parser(load_language(self._grammar)).parse(self._source.encode()).root_node
        for node in root.children:
            if any(node.start_point[0] < line <= node.end_point[0] + 1 for line in wanted):
                yield _Edit(at, at, (node.text or b"").decode().split("\n"))
