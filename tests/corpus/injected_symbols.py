"""Injected symbol conflicts and their hard negatives: what two branches do to a base, and what must be said of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from corpus.injected_compiled import COMPILED
from corpus.injected_field import FIELD
from corpus.injected_python import PYTHON
from corpus.injected_script import SCRIPT
from corpus.injected_types import Case, Files
from devassist.conflicts.symbols.detector import SymbolDetector
from devassist.domain.conflicts import Conflict, Side
from devassist.git.merging.tree_view import TreeChange
from devassist.git.objects.trees import FILE, Entry

CASES: tuple[Case, ...] = (*PYTHON, *FIELD, *SCRIPT, *COMPILED)


@dataclass
class MemoryView:
    """A TreeView over files in memory; a tree's id is its name."""

    trees: dict[str, Files] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)

    def add(self, name: str, files: Files) -> str:
        self.trees[name] = {path: text for path, text in files.items() if text is not None}
        return name

    def entry(self, text: str) -> Entry:
        data = text.encode()
        oid = hashlib.sha1(data).hexdigest()
        self.blobs[oid] = data
        return Entry(FILE, oid)

    def walk(self, tree: str) -> Iterator[tuple[str, Entry]]:
        for path, text in self.trees[tree].items():
            yield path, self.entry(text or "")

    def changes(self, base_tree: str, tree: str) -> Mapping[str, TreeChange]:
        old, new = dict(self.walk(base_tree)), dict(self.walk(tree))
        return {
            path: TreeChange(old.get(path), new.get(path))
            for path in sorted(old.keys() | new.keys())
            if old.get(path) != new.get(path)
        }

    def blob(self, oid: str) -> bytes:
        return self.blobs[oid]

    def text(self, oid: str) -> str:
        return self.blobs[oid].decode()


def side(name: str) -> Side:
    return Side(name=name, commit=name, tree=name)


def detect(base: Files, a: Files, b: Files, **options) -> tuple[Conflict, ...]:
    """What is found between branches `a` and `b`, each given as what it changes of `base`."""
    view = MemoryView()
    view.add("base", base)
    view.add("a", {**base, **a})
    view.add("b", {**base, **b})
    return SymbolDetector(view, None, **options).detect("base", [side("a"), side("b")])
