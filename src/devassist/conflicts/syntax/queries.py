"""Source code that tree-sitter has parsed, half-written or not: the matches of a language's query, and plain text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from tree_sitter import Node, Parser, Query, QueryCursor

from devassist.conflicts.syntax.languages import Grammar, grammar_for, load_language

_NEWLINE = ord("\n")

Match = Mapping[str, Node]
"""The first node of each capture of one match."""


@dataclass(frozen=True, slots=True)
class Source:
    """A parsed file. Offsets are in bytes; `plain` is its text with blanks for comments."""

    path: str
    plain: bytes
    matches: tuple[Match, ...]

    def named(self, capture: str) -> Iterator[Match]:
        """The matches that have a node of this name, in the order of the file."""
        return (match for match in self.matches if capture in match)

    def text(self, node: Node) -> str:
        return self.plain[node.start_byte : node.end_byte].decode("utf-8", "replace")


def parse_source(path: str, text: str, package: str, query: str) -> Source | None:
    """Parses a file and runs `<query>.scm` of a package on it; None for a file of a language without a grammar."""
    grammar = grammar_for(path)
    if grammar is None:
        return None
    source = text.encode("utf-8", "replace")
    root = Parser(load_language(grammar)).parse(source).root_node
    captured = QueryCursor(_query(grammar, package, query)).matches(root)
    matches = [{name: nodes[0] for name, nodes in captures.items()} for _pattern, captures in captured]
    plain = bytearray(source)
    for match in matches:
        if "comment" in match:
            start, end = match["comment"].byte_range
            plain[start:end] = b"".join(b"\n" if byte == _NEWLINE else b" " for byte in plain[start:end])
    matches.sort(key=_start)
    return Source(path, bytes(plain), tuple(matches))


def _start(match: Match) -> int:
    return min(node.start_byte for node in match.values())


@cache
def _query(grammar: Grammar, package: str, name: str) -> Query:
    text = resources.files(package).joinpath(f"{name}.scm").read_text("utf-8")
    return Query(load_language(grammar), text)


def line_of(node: Node) -> int:
    """The first line of a node, from 1."""
    return node.start_point.row + 1


def last_line_of(node: Node) -> int:
    return node.end_point.row + 1
