"""Maps files to grammars by their suffix, and reads the table of a blob."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import tree_sitter_go
import tree_sitter_java
import tree_sitter_javascript
import tree_sitter_python
import tree_sitter_rust
import tree_sitter_typescript
from tree_sitter import Language, Parser

from devassist.conflicts.syntax.go import GoExtractor
from devassist.conflicts.syntax.java import JavaExtractor
from devassist.conflicts.syntax.python import PythonExtractor
from devassist.conflicts.syntax.rust import RustExtractor
from devassist.conflicts.syntax.script import ScriptExtractor
from devassist.conflicts.syntax.tables import Table
from devassist.conflicts.syntax.walker import Extractor

LARGEST = 1_000_000
"""Larger files are generated or data: no table."""


class LanguageFamily(StrEnum):
    """The languages of a family can use each other's symbols."""

    PYTHON = "python"
    SCRIPT = "script"
    GO = "go"
    JAVA = "java"
    RUST = "rust"


@dataclass(frozen=True, slots=True)
class Grammar:
    """The grammar for files of some suffixes."""

    name: str
    family: LanguageFamily
    load: Callable[[], object]
    extractor: type[Extractor]


_PYTHON = Grammar("python", LanguageFamily.PYTHON, tree_sitter_python.language, PythonExtractor)
_JAVASCRIPT = Grammar("javascript", LanguageFamily.SCRIPT, tree_sitter_javascript.language, ScriptExtractor)
_TYPESCRIPT = Grammar(
    "typescript", LanguageFamily.SCRIPT, tree_sitter_typescript.language_typescript, ScriptExtractor
)
_TSX = Grammar("tsx", LanguageFamily.SCRIPT, tree_sitter_typescript.language_tsx, ScriptExtractor)
_GO = Grammar("go", LanguageFamily.GO, tree_sitter_go.language, GoExtractor)
_JAVA = Grammar("java", LanguageFamily.JAVA, tree_sitter_java.language, JavaExtractor)
_RUST = Grammar("rust", LanguageFamily.RUST, tree_sitter_rust.language, RustExtractor)

_SUFFIXES = {
    **dict.fromkeys(("py", "pyi"), _PYTHON),
    **dict.fromkeys(("js", "jsx", "mjs", "cjs"), _JAVASCRIPT),
    **dict.fromkeys(("ts", "mts", "cts"), _TYPESCRIPT),
    "tsx": _TSX,
    "go": _GO,
    "java": _JAVA,
    "rs": _RUST,
}
LANGUAGES = ("python", "javascript", "typescript", "go", "java", "rust")


def grammar_for(path: str) -> Grammar | None:
    """The grammar that reads `path`, going by its suffix."""
    return _SUFFIXES.get(path.rpartition(".")[2])


def family_of(path: str) -> LanguageFamily | None:
    """The family of a file's language; None for a file of no language."""
    grammar = grammar_for(path)
    return None if grammar is None else grammar.family


def language_of(path: str) -> str:
    grammar = grammar_for(path)
    return "" if grammar is None else grammar.name


def covers(languages: tuple[str, ...], grammar: Grammar) -> bool:
    """Whether a choice of languages (none: all) takes files of this grammar in."""
    return not languages or ("typescript" if grammar.name == "tsx" else grammar.name) in languages


@cache
def load_language(grammar: Grammar) -> Language:
    """The parser tables of a grammar, for queries of one's own."""
    return Language(grammar.load())


def parses(grammar: Grammar, source: bytes) -> bool:
    """Whether the whole of a file is well formed, as far as its grammar knows the language."""
    return not Parser(load_language(grammar)).parse(source).root_node.has_error


def read_table(grammar: Grammar, source: bytes) -> Table:
    """The symbols of a file. Never raises for what the file says: half-written code gives what parses."""
    if len(source) > LARGEST or b"\0" in source:
        return Table(definitions=(), dynamic=True)
    return grammar.extractor(load_language(grammar), source).table()
