"""
Which files a Python test can run, by whole files: what it loads, and whose functions it can call.

A file is *loaded* when something imports it; it is *used* when something takes a name from it, directly or through the
imports of a package's `__init__`. When in doubt a file is used, and a test that may run anything uses every file.
"""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from devassist.conflicts.checks.file_facts import FileFacts, facts_of
from devassist.conflicts.checks.parties import Versions
from devassist.conflicts.names.modules import Modules
from devassist.conflicts.syntax.languages import grammar_for
from devassist.conflicts.syntax.tables import Table

_WORD = re.compile(r"[^\W\d]\w*")
_PACKAGE = "__init__.py"
_TEST_FOLDERS = frozenset({"test", "tests", "testing"})


@dataclass(frozen=True, slots=True)
class Reach:
    """The files that a test loads, and those of them whose functions it may call. Paths."""

    loaded: Collection[str]
    used: Collection[str]


@dataclass
class ImportGraph:
    """The imports between the Python files of a merge."""

    versions: Versions
    _facts: dict[str, FileFacts] = field(default_factory=dict)
    _loaded: dict[str, frozenset[str]] = field(default_factory=dict)
    _used: dict[str, frozenset[str]] = field(default_factory=dict)

    @cached_property
    def modules(self) -> Modules:
        return Modules.over(self.versions.files)

    def reach(self, test: str) -> Reach:
        """What running the tests in the file at `test` may load and use."""
        search = _Search(self)
        search.use(test)
        for conftest in self._conftests(test):
            search.use(conftest)
        while search.use_dynamic():
            pass
        if any(self._may_run_anything(path) for path in search.used):
            return Reach(self.versions.blobs.keys(), self.versions.blobs.keys())
        return Reach(search.loaded, search.used)

    def mentions(self, path: str, name: str) -> bool:
        """Whether a file names another in a text, or all files with its ending."""
        base, ending = posixpath.basename(name), posixpath.splitext(name)[1]
        return any(base in text or (ending and text.endswith(ending)) for text in self.facts(path).texts)

    def facts(self, path: str) -> FileFacts:
        if path not in self._facts:
            blobs = self.versions.blobs[path]
            view = self.versions.tables.view
            self._facts[path] = facts_of(
                [(self._table(path, blob), view.text(blob)) for blob in blobs], self._is_in_tree
            )
        return self._facts[path]

    def _table(self, path: str, blob: str) -> Table:
        grammar = grammar_for(path)
        return Table(definitions=()) if grammar is None else self.versions.tables.table(blob, grammar)

    def _is_in_tree(self, module: str) -> bool:
        return module.startswith(".") or bool(self.modules.python.of(module.partition(".")[0]))

    # Edges ------------------------------------------------------------------------------------------------

    def loaded_by(self, path: str) -> frozenset[str]:
        """What is loaded together with a file."""
        if path not in self._loaded:
            self._loaded[path] = frozenset(self._loads(path))
        return self._loaded[path]

    def used_by(self, path: str) -> frozenset[str]:
        """What a file takes names from."""
        if path not in self._used:
            self._used[path] = frozenset(self._uses(path))
        return self._used[path]

    def _loads(self, path: str) -> Iterator[str]:
        yield from self.packages(path)
        for imported in self.facts(path).imports:
            yield from self._files(path, imported.module)
            if imported.name:
                yield from self._files(path, _joined(imported.module, imported.name))
        yield from self._named(path)

    def _uses(self, path: str) -> Iterator[str]:
        facts = self.facts(path)
        for imported in facts.imports:
            is_module = imported.local and not imported.name
            names = facts.members.get(imported.local, {""}) if is_module else {imported.name}
            for name in names:
                yield from self._provided(path, imported.module, name, set())
        for target in self._named(path):
            if not target.endswith(_PACKAGE) or facts.imports_by_name:
                yield target

    def _provided(self, path: str, module: str, name: str, seen: set[tuple[str, str]]) -> Iterator[str]:
        """The files behind a name of a module: those that define it, however many packages pass it on."""
        submodules = self._files(path, _joined(module, name)) if name not in ("", "*") else []
        if submodules:
            yield from submodules
            return
        for target in self._files(path, module):
            passed_on = [imported for imported in self.facts(target).imports if imported.local == name]
            plain = not target.endswith(_PACKAGE) or name in ("", "*") or name in self.facts(target).defined
            if plain or not passed_on or (target, name) in seen:
                yield target
                continue
            seen.add((target, name))
            for imported in passed_on:
                yield from self._provided(target, imported.module, imported.name, seen)

    def _files(self, path: str, module: str) -> Collection[str]:
        """The files that a module is, as imported in the file at `path`; none for one from outside."""
        if not module.startswith("."):
            files = self.modules.python.of(module)
            if files:
                return files
        key = self.modules.find(path, module)
        return [] if key is None else self.modules.paths(key)

    def _named(self, path: str) -> Iterator[str]:
        """The files that a file's texts name: by file name, or as a module and something in it."""
        for text in self.facts(path).texts:
            yield from self._by_base.get(posixpath.basename(text), ())
            dotted = text.partition(":")[0]
            while dotted.replace(".", "").replace("_", "").isalnum():
                yield from self.modules.python.of(dotted)
                dotted = dotted.rpartition(".")[0]

    def dynamically_imported(self, paths: Collection[str]) -> Iterator[str]:
        """What these files may import by names that are put together from words in their texts."""
        if any(self.facts(path).imports_by_name for path in paths):
            words = {
                word for path in paths for text in self.facts(path).texts for word in _WORD.findall(text)
            }
            for word in words:
                yield from self._by_stem.get(word, ())

    def packages(self, path: str) -> Iterator[str]:
        """The `__init__` files of the packages around a file."""
        yield from self._beside(path, _PACKAGE)

    def _conftests(self, path: str) -> Iterator[str]:
        yield from self._beside(path, "conftest.py")

    def _beside(self, path: str, name: str) -> Iterator[str]:
        while path:
            path = posixpath.dirname(path)
            other = posixpath.join(path, name)
            if other in self.versions.blobs:
                yield other

    def _may_run_anything(self, path: str) -> bool:
        name = posixpath.basename(path)
        in_tests = name == "conftest.py" or name.startswith("test_")
        in_tests = in_tests or not _TEST_FOLDERS.isdisjoint(path.split("/"))
        return self.facts(path).scans or (in_tests and self.facts(path).starts_processes)

    @cached_property
    def _by_base(self) -> dict[str, list[str]]:
        paths: dict[str, list[str]] = defaultdict(list)
        for path in self.versions.blobs:
            paths[posixpath.basename(path)].append(path)
        return paths

    @cached_property
    def _by_stem(self) -> dict[str, list[str]]:
        paths: dict[str, list[str]] = defaultdict(list)
        for path in self.versions.blobs:
            paths[posixpath.splitext(path.removesuffix("/" + _PACKAGE))[0].rpartition("/")[2]].append(path)
        return paths


@dataclass
class _Search:
    graph: ImportGraph
    loaded: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)

    def use(self, path: str) -> None:
        waiting = [path]
        while waiting:
            path = waiting.pop()
            if path not in self.used:
                self.used.add(path)
                waiting += self.graph.used_by(path)
                waiting += self.load(path)

    def load(self, path: str) -> list[str]:
        """Loads a file and all that it loads; the files that act while they are loaded."""
        acting: list[str] = []
        waiting = [path]
        while waiting:
            path = waiting.pop()
            if path not in self.loaded:
                self.loaded.add(path)
                waiting += self.graph.loaded_by(path)
                if self.graph.facts(path).acts:
                    acting.append(path)
        return acting

    def use_dynamic(self) -> bool:
        """Uses what the files so far import by names made at run time; whether that was anything new."""
        before = len(self.used)
        for path in set(self.graph.dynamically_imported(self.used)):
            self.use(path)
        return len(self.used) > before


def _joined(module: str, name: str) -> str:
    return module + name if module.endswith(".") else f"{module}.{name}"
