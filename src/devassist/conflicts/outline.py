"""The definitions and uses in a tree, as far as a plan needs them: names by file, and files by name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from devassist.conflicts.names.blob_tables import Tables, source_files
from devassist.conflicts.symbols.findings import written
from devassist.conflicts.syntax.languages import family_of
from devassist.conflicts.syntax.tables import CALLABLES, Definition, SymbolKind
from devassist.git.merging.tree_view import TreeView
from devassist.git.repository import Repository

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHORTEST = 4
_MOST_PARSED = 400
"""Files that are read for one question: what a person waits for must not grow with the repository."""
_SHOWN_KINDS = CALLABLES | {
    SymbolKind.CLASS,
    SymbolKind.INTERFACE,
    SymbolKind.STRUCT,
    SymbolKind.ENUM,
    SymbolKind.TRAIT,
    SymbolKind.TYPE,
}
_COMMON = frozenset(
    "test tests init main self name type list dict from with this that make work file".split()
)


@dataclass
class Outline:
    """The symbols of one commit. A file is read on its first use, and cached in `cache`."""

    repository: Repository
    commit: str
    cache: Path | None = None
    languages: Sequence[str] = ()
    paths: tuple[str, ...] = field(init=False)
    _defined: dict[str, frozenset[str]] = field(default_factory=dict)
    _used: dict[str, frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        view = TreeView(self.repository)
        tree = self.repository.tree_of(self.commit)
        self._files = source_files(Tables(view, self.cache), tree, tuple(self.languages))
        self.paths = tuple(path for path, _entry in view.walk(tree))

    def defined(self, path: str) -> frozenset[str]:
        """Names that others can use: functions, methods and types of a file."""
        if path not in self._defined:
            self._defined[path] = frozenset(
                definition.last for definition in self._shown(path) if _telling(definition.last)
            )
        return self._defined[path]

    def used(self, path: str) -> frozenset[str]:
        """Names that a file imports or refers to."""
        if path not in self._used:
            table = self._files.table(path)
            names = [imported.name for imported in table.imports] + [
                reference.name for reference in table.references
            ]
            self._used[path] = frozenset(name for name in names if _telling(name))
        return self._used[path]

    def is_source(self, path: str) -> bool:
        return path in self._files.blobs

    def rare(self, paths: Collection[str]) -> dict[str, str]:
        """Name -> file, of what these files define and no two of them alike: names that mean one thing."""
        read = sorted(path for path in paths if self.is_source(path))[:_MOST_PARSED]
        counted = Counter(name for path in read for name in self.defined(path))
        return {name: path for path in read for name in sorted(self.defined(path)) if counted[name] == 1}

    def likely(self, text: str, *, lines: int) -> list[str]:
        """`path: names` of the files that a goal seems to be about, the likeliest first, at most so many lines."""
        words = Counter(stems(text))
        ranked = sorted(
            self._files.blobs, key=lambda path: (-_score(words, stems(path)), path.count("/"), path)
        )
        scored: list[tuple[int, str]] = []
        for path in ranked[:_MOST_PARSED]:
            score = 3 * _score(words, stems(path)) + _score(words, stems(" ".join(self.defined(path))))
            if score:
                scored.append((-score, path))
        return [self._line(path) for _score_, path in sorted(scored)[:lines]]

    def _line(self, path: str) -> str:
        shown = [f"{definition.name}{written(definition.parameters)}" for definition in self._shown(path)]
        return f"{path}: {', '.join(shown)}"[:200]

    def _shown(self, path: str) -> list[Definition]:
        if not family_of(path):
            return []
        return [
            definition
            for definition in self._files.table(path).definitions
            if definition.kind in _SHOWN_KINDS
        ]


def stems(text: str) -> list[str]:
    """The words of a text in lower case, identifiers taken apart, without an s at the end."""
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+", text)
    return [part.lower().removesuffix("s") for part in parts if len(part) >= _SHORTEST - 1]


def mentioned(text: str, names: Iterable[str]) -> list[str]:
    """The names that are whole words of the text."""
    words = set(_WORD.findall(text))
    return sorted(name for name in names if name in words)


def _telling(name: str) -> bool:
    return len(name) >= _SHORTEST and not name.startswith("__") and name.lower() not in _COMMON


def _score(words: Counter[str], names: Iterable[str]) -> int:
    return sum(1 for word in set(names) if word in words)
