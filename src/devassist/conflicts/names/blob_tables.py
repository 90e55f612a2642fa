"""Tables of blobs, cached in memory and on disk, and the source files of a tree."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from devassist.conflicts.names.overlay_map import Layered
from devassist.conflicts.syntax.cache_folder import CacheFolder
from devassist.conflicts.syntax.languages import (
    Grammar,
    LanguageFamily,
    covers,
    family_of,
    grammar_for,
    read_table,
)
from devassist.conflicts.syntax.tables import TABLE_VERSION, Definition, Flag, SymbolKind, Table
from devassist.conflicts.syntax.three_way import merged_text
from devassist.git.merging.tree_view import TreeView
from devassist.git.objects.trees import EXECUTABLE, FILE

_KEPT_LINES = 256
_KEPT_WORDS = 8192
_KEPT_TABLES = 20_000
Place = tuple[str, Definition]
SETTINGS = ("tsconfig.json", "jsconfig.json", "tsconfig.base.json", "Cargo.toml", "go.mod")
"""Files that say what an import means."""
_IMPL = re.compile(
    rb"^[ \t]*(?:unsafe\s+)?impl\b(?:[^{;]*\bfor\b)?[^{;]*?(\w+)\s*(?:<[^{;]*>)?\s*(?:where[^{;]*)?\{",
    re.MULTILINE,
)
_WORD = re.compile(rb"[A-Za-z_]\w*")
_NOTHING = Table(definitions=())


@dataclass
class Tables:
    """The table of a blob, made at most once: memory, then the cache directory, then the parser."""

    view: TreeView
    cache: Path | None
    _loaded: dict[tuple[str, str], Table] = field(default_factory=dict)
    _lines: dict[str, list[str]] = field(default_factory=dict)
    _implemented: dict[str, frozenset[str]] = field(default_factory=dict)
    _words: dict[tuple[str, str], tuple[frozenset[bytes], frozenset[bytes]]] = field(default_factory=dict)
    _merges: dict[tuple[str, str, str], str | None] = field(default_factory=dict)
    _origins: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    """Of a blob that is in no repository: the three it is merged from."""
    _folder: CacheFolder | None = field(init=False)

    def __post_init__(self) -> None:
        self._folder = None if self.cache is None else CacheFolder(self.cache / f"symbols-{TABLE_VERSION}")
        if self._folder is not None:
            self._folder.prune(superseded="[ps]*-[0-9]*")  # also parts-N, which earlier versions wrote

    def table(self, blob: str, grammar: Grammar) -> Table:
        key = (blob, grammar.name)
        table = self._loaded.get(key)
        if table is None:
            table = None if blob in self._origins else self._stored(key)
            table = table or self._extracted(blob, grammar)
            if len(self._loaded) >= _KEPT_TABLES:
                self._loaded.clear()
            self._loaded[key] = table
        return table

    def blob(self, blob: str) -> bytes:
        """The content of a blob of the repository or of one that `merged` named."""
        origin = self._origins.get(blob)
        if origin is None:
            return self.view.blob(blob)
        return merged_text(*(self.view.blob(part) for part in origin)) or b""

    def merged(self, base: str, left: str, other: str) -> str | None:
        """The name of the blob that a merge of three makes; None where their changes touch."""
        first, second = sorted((left, other))
        key = (base, first, second)
        if key not in self._merges:
            text = merged_text(*(self.view.blob(each) for each in key))
            name = None if text is None else "merged-" + hashlib.sha1(text).hexdigest()  # noqa: S324 - a name
            self._merges[key] = name
            if name is not None:
                self._origins[name] = key
        return self._merges[key]

    def word_changes(self, old: str, new: str) -> tuple[frozenset[bytes], frozenset[bytes]]:
        """Words that the new blob of a repository has fewer times than the old, and those it has more times."""
        key = (old, new)
        if key not in self._words:
            if len(self._words) >= _KEPT_WORDS:
                self._words.clear()
            before, after = (Counter(_WORD.findall(self.view.blob(blob))) for blob in key)
            self._words[key] = (frozenset(before - after), frozenset(after - before))
        return self._words[key]

    def lines(self, blob: str) -> list[str]:
        """The lines of a blob, cached until many others were read."""
        if blob not in self._lines:
            if len(self._lines) >= _KEPT_LINES:
                self._lines.clear()
            self._lines[blob] = self.blob(blob).decode("utf-8", "replace").split("\n") if blob else []
        return self._lines[blob]

    def implemented(self, blob: str) -> frozenset[str]:
        """The names of the types that a Rust file has `impl` blocks for, without parsing it."""
        if blob not in self._implemented:
            headers = _IMPL.findall(self.blob(blob))
            self._implemented[blob] = frozenset(name.decode("utf-8", "replace") for name in headers)
        return self._implemented[blob]

    def _stored(self, key: tuple[str, str]) -> Table | None:
        if self._folder is None:
            return None
        blob, language = key
        return self._folder.value(blob, Table, f".{language}.json")

    def _extracted(self, blob: str, grammar: Grammar) -> Table:
        table = read_table(grammar, self.blob(blob))
        if self._folder is not None and blob not in self._origins:
            self._folder.put(blob, table, f".{grammar.name}.json")
        return table


@dataclass
class Files:
    """The source files of one tree, as paths and blob ids. A side's are the base's with its changes on top."""

    tables: Tables
    blobs: Mapping[str, str]
    settings: Mapping[str, str] = field(default_factory=dict)
    """Those of SETTINGS: path -> blob."""
    _places: dict[tuple[str, LanguageFamily | None], list[Place]] = field(default_factory=dict)
    _implementing: dict[str, list[str]] = field(default_factory=dict)

    def table(self, path: str) -> Table:
        """The symbols at `path`; an empty table where there is no such file."""
        blob, grammar = self.blobs.get(path), grammar_for(path)
        return _NOTHING if blob is None or grammar is None else self.tables.table(blob, grammar)

    def source(self, path: str) -> bytes:
        blob = self.blobs.get(path)
        return b"" if blob is None else self.tables.blob(blob)

    def lines(self, path: str, definition: Definition) -> str:
        """The text of a definition."""
        lines = self.tables.lines(self.blobs.get(path, ""))
        return "\n".join(lines[definition.start - 1 : definition.end])

    def changed(self, changes: Mapping[str, str | None]) -> Files:
        """These files with some replaced, added, or (None) removed."""
        return Files(self.tables, Layered(self.blobs, changes), self.settings)

    def implementing(self, name: str) -> list[str]:
        """The Rust files with an `impl` block for some type of that name."""
        if not self._implementing:
            self._implementing = defaultdict(list)
            for path, blob in self.blobs.items():
                for type_name in self.tables.implemented(blob) if path.endswith(".rs") else ():
                    self._implementing[type_name].append(path)
        return self._implementing.get(name, [])

    def definers(self, names: Iterable[str], family: LanguageFamily | None) -> dict[str, list[Place]]:
        """The places where these names are defined. One pass over the texts for new names; few files are parsed."""
        wanted = frozenset(names)
        asked = {name for name in wanted if (name, family) not in self._places}
        if asked:
            places = self.defined_in(self.blobs, asked, family)
            self._places.update({(name, family): places.get(name, []) for name in asked})
        return {name: self._places[name, family] for name in wanted}

    def defined_in(
        self, paths: Iterable[str], names: Iterable[str], family: LanguageFamily | None
    ) -> dict[str, list[Place]]:
        """The places where the names are defined in these files."""
        wanted = frozenset(names)
        pattern = re.compile(b"|".join(re.escape(name.encode()) for name in sorted(wanted, key=len)[::-1]))
        places: dict[str, list[Place]] = defaultdict(list)
        for path in paths:
            if family_of(path) != family or pattern.search(self.source(path)) is None:
                continue
            for definition in self.table(path).definitions:
                if (
                    definition.last in wanted
                    and definition.kind is not SymbolKind.LOCAL
                    and Flag.ENTRY not in definition.flags
                ):
                    places[definition.last].append((path, definition))
        return places


def source_files(tables: Tables, tree: str, languages: tuple[str, ...]) -> Files:
    """Every file of a tree that has a grammar, and those that say what imports mean."""
    blobs, settings = {}, {}
    for path, entry in tables.view.walk(tree):
        grammar = grammar_for(path)
        if entry.mode not in (FILE, EXECUTABLE):
            continue
        if grammar is not None and covers(languages, grammar):
            blobs[path] = entry.id
        elif path.endswith(SETTINGS):
            settings[path] = entry.id
    return Files(tables, blobs, settings)


def source_changes(
    tables: Tables, base_tree: str, tree: str, languages: tuple[str, ...]
) -> dict[str, str | None]:
    """Changed source files of a branch: path -> new blob, or None where it is gone."""
    changes: dict[str, str | None] = {}
    for path, change in tables.view.changes(base_tree, tree).items():
        grammar = grammar_for(path)
        if grammar is not None and covers(languages, grammar):
            usable = change.new is not None and change.new.mode in (FILE, EXECUTABLE)
            changes[path] = change.new.id if change.new is not None and usable else None
    return changes
