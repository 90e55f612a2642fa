"""The parts of blobs, made at most once: memory, then the cache directory, then the parser."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from pathlib import Path

from devassist.conflicts.checks.parts import PARTS_VERSION, Parts, parts_of_table, unreadable
from devassist.conflicts.checks.parts_python import parts_of_python
from devassist.conflicts.names.blob_tables import Tables
from devassist.conflicts.syntax.cache_folder import CacheFolder
from devassist.conflicts.syntax.languages import LARGEST, grammar_for

_NOTHING = Parts(())


@dataclass
class Anatomy:
    """Parts of files by blob. `cache` None keeps them in memory alone."""

    tables: Tables
    cache: Path | None
    _kept: dict[tuple[str, str], Parts] = field(default_factory=dict)
    _folder: CacheFolder | None = field(init=False)

    def __post_init__(self) -> None:
        self._folder = None if self.cache is None else CacheFolder(self.cache / f"parts-{PARTS_VERSION}")
        if self._folder is not None:
            self._folder.prune(superseded="parts-*")

    def parts(self, path: str, blob: str | None) -> Parts:
        """Those of a file; none for one that is not there or of no language."""
        grammar = grammar_for(path)
        if blob is None or grammar is None:
            return _NOTHING
        key = (blob, grammar.name)
        if key not in self._kept:
            self._kept[key] = self._stored(key) or self._made(path, blob)
        return self._kept[key]

    def _stored(self, key: tuple[str, str]) -> Parts | None:
        text = None if self._folder is None else self._folder.text(key[0], f".{key[1]}.json")
        with contextlib.suppress(ValueError, RecursionError):
            return None if text is None else Parts.decode(text)
        return None

    def _made(self, path: str, blob: str) -> Parts:
        grammar = grammar_for(path)
        source = self.tables.view.text(blob)
        if grammar is None or len(source) > LARGEST:
            return unreadable(source)
        if grammar.name == "python":
            found = parts_of_python(source)
        else:
            found = parts_of_table(source, self.tables.table(blob, grammar))
        if self._folder is not None:
            self._folder.put(blob, found.encode(), f".{grammar.name}.json")
        return found
