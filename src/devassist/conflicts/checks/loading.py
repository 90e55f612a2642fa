"""Which files are loaded with a part of a file, or with all of it: by imports, and by names in texts."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from devassist.conflicts.checks.impact import Impact, Node
from devassist.conflicts.checks.parts import ANYTHING, words

_SCANS = frozenset(("iter_modules walk_packages runpy run_path run_module executable " + ANYTHING).split())
_STARTS = frozenset(
    "subprocess Popen system popen execv execve execvp spawnv pytester testdir create_subprocess_exec"
    " create_subprocess_shell pexpect script_runner".split()
)
_TESTS = frozenset(("test", "tests", "testing"))
_FOUND_BY_PACKAGE = frozenset("__init__ apps models admin signals tasks checks urls".split())
"""Modules that frameworks load of a package they are told of."""


@dataclass
class Loading:
    """Over the files of an Impact. `tests` are the test files among them."""

    impact: Impact
    tests: Collection[str]
    _by_part: dict[Node, frozenset[str]] = field(default_factory=dict)
    _by_text: dict[str, frozenset[str]] = field(default_factory=dict)

    def by_part(self, node: Node) -> frozenset[str]:
        """What is loaded when a part runs."""
        if node not in self._by_part:
            names = {name for one in self.impact.nodes[node] for name in one.imports}
            found = {one for name in names for one in self.impact.modules_of(node[0], name)}
            self._by_part[node] = self.with_packages(found)
        return self._by_part[node]

    def by_text(self, path: str) -> frozenset[str]:
        """What a file's texts name: as a file, or as a module and something in it."""
        if path not in self._by_text:
            found = {one for text in self._texts(path) for one in self._named(text)}
            self._by_text[path] = self.with_packages(found)
        return self._by_text[path]

    def dynamically(self, paths: Collection[str]) -> frozenset[str]:
        """What these files may import by names that are made of words in their texts."""
        if not any(parts.dynamic for one in paths for parts in self.impact.versions[one]):
            return frozenset()
        spoken = {word for one in paths for text in self._texts(one) for word in words(text)}
        return self.with_packages({other for word in spoken for other in self._by_stem.get(word, ())})

    def beside(self, path: str) -> Iterator[str]:
        """What pytest loads before a test file."""
        folder = path
        while folder:
            folder = posixpath.dirname(folder)
            conftest = posixpath.join(folder, "conftest.py")
            if conftest in self.impact.versions:
                yield conftest

    def with_packages(self, paths: Collection[str]) -> frozenset[str]:
        """These, and the packages they are in."""
        return frozenset(paths).union(init for one in paths for init in self._packages(one))

    def mentions(self, path: str, name: str) -> bool:
        """Does a file speak of another by its name or of all that end like it."""
        base, ending = posixpath.basename(name), posixpath.splitext(name)[1]
        return any(base in text or (ending and text.endswith(ending)) for text in self._texts(path))

    @cached_property
    def boundless(self) -> frozenset[Node]:
        """Parts that may load any file: those that look through folders, and those of tests that start processes."""
        found = set()
        for node, versions in self.impact.nodes.items():
            signs = _SCANS | _STARTS if self._of_tests(node[0]) else _SCANS
            spoken = {word.rpartition(".")[2] for one in versions for word in (*one.said, *one.asked)}
            if spoken & signs:
                found.add(node)
        return frozenset(found)

    def _of_tests(self, path: str) -> bool:
        return path in self.tests or path.endswith("conftest.py") or not _TESTS.isdisjoint(path.split("/"))

    def _texts(self, path: str) -> Iterator[str]:
        for parts in self.impact.versions[path]:
            yield from parts.texts

    def _named(self, text: str) -> Iterator[str]:
        yield from self._by_base.get(posixpath.basename(text), ())
        yield from (one for one in self._by_stem.get(text, ()) if "/commands/" in one)
        dotted = text.partition(":")[0]
        if not dotted.replace(".", "").replace("_", "").isalnum():
            return
        while dotted:
            for one in self.impact.modules.python.of(dotted):
                yield one
                if one.endswith("/__init__.py"):
                    folder = one.removesuffix("__init__.py")
                    yield from (
                        f"{folder}{name}.py"
                        for name in _FOUND_BY_PACKAGE
                        if f"{folder}{name}.py" in self.impact.versions
                    )
            dotted = dotted.rpartition(".")[0]

    def _packages(self, path: str) -> Iterator[str]:
        folder = posixpath.dirname(path)
        while True:
            init = posixpath.join(folder, "__init__.py")
            if init in self.impact.versions:
                yield init
            if not folder:
                return
            folder = posixpath.dirname(folder)

    @cached_property
    def _by_base(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for path in self.impact.versions:
            found[posixpath.basename(path)].append(path)
        return found

    @cached_property
    def _by_stem(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for path in self.impact.versions:
            stem = posixpath.basename(path).rpartition(".")[0]
            if stem == "__init__":
                stem = posixpath.basename(posixpath.dirname(path))
            found[stem].append(path)
        return found
