"""
What a test file can run or read: from its own parts by the names they say, and from what its files do when loaded.

A member counts where something asks for its name, of anything, and its class is named by what is reached: an object
has to be made before it can be asked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from devassist.conflicts.checks.impact import Impact, Node
from devassist.conflicts.checks.loading import Loading
from devassist.conflicts.checks.parts import LOADING


class Reached(NamedTuple):
    """Parts that may run or be read, and the files that are loaded for it."""

    parts: frozenset[Node]
    files: frozenset[str]


@dataclass
class Reach:
    """Over the parts of an Impact."""

    impact: Impact
    loading: Loading
    _said: dict[Node, tuple[Node, ...]] = field(default_factory=dict)
    _asked: dict[Node, frozenset[str]] = field(default_factory=dict)

    def of(self, path: str) -> Reached:
        """Everything that running the tests in the file at `path` reaches."""
        search = _Search(self)
        search.load([*self.loading.with_packages([path]), *self.loading.beside(path)])
        search.add(self.by_file[path])
        search.end()
        return Reached(frozenset(search.found), frozenset(search.loaded))

    @cached_property
    def by_file(self) -> dict[str, list[Node]]:
        found: dict[str, list[Node]] = defaultdict(list)
        for node in self.impact.nodes:
            found[node[0]].append(node)
        return found

    @cached_property
    def members(self) -> dict[Node, list[Node]]:
        """Class -> what is defined in it."""
        found: dict[Node, list[Node]] = defaultdict(list)
        for path, name in self.impact.nodes:
            owner = name.rpartition(".")[0]
            if (path, owner) in self.impact.nodes and owner:
                found[path, owner].append((path, name))
        return found

    @cached_property
    def named(self) -> dict[str, list[Node]]:
        """Name -> the parts of that name, members too."""
        found: dict[str, list[Node]] = defaultdict(list)
        for node in self.impact.nodes:
            if node[1] != LOADING:
                found[node[1].rpartition(".")[2]].append(node)
        return found

    def said(self, node: Node) -> tuple[Node, ...]:
        """The parts that names without anything before them can mean: of the same file, or of one imported whole."""
        if node not in self._said:
            path = node[0]
            starring = path in self.impact.starring
            found: list[Node] = []
            for word in {word for one in self.impact.nodes[node] for word in one.said}:
                found += [one for one in self.named.get(word, ()) if starring or one[0] == path]
            self._said[node] = tuple(found)
        return self._said[node]

    def asked(self, node: Node) -> frozenset[str]:
        """Names that may mean a part of that name anywhere."""
        if node not in self._asked:
            found = set()
            if node not in self.impact.outside:
                for word in {word for one in self.impact.nodes[node] for word in one.asked}:
                    root, _, name = word.rpartition(".")
                    if not root or (node[0], root) not in self.impact.outside:
                        found.add(name)
            self._asked[node] = frozenset(found & self.named.keys())
        return self._asked[node]

    def owner(self, node: Node) -> Node | None:
        owner = (node[0], node[1].rpartition(".")[0])
        return owner if owner[1] and owner in self.impact.nodes else None


@dataclass
class _Search:
    reach: Reach
    found: set[Node] = field(default_factory=set)
    loaded: set[str] = field(default_factory=set)
    left: list[Node] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def end(self) -> None:
        while self.left:
            while self.left:
                self.go_on(self.left.pop())
            self.load(self.reach.loading.dynamically(self.loaded))

    def go_on(self, node: Node) -> None:
        """To what a part says, and for a class to those of its members that somebody asks for."""
        reach = self.reach
        self.load(reach.loading.by_part(node))
        self.add(reach.said(node))
        for name in reach.asked(node) - self.names:
            self.names.add(name)
            self.add([one for one in reach.named[name] if one[0] in self.loaded and self.there(one)])
        self.add(
            [
                one
                for one in reach.members.get(node, ())
                if one in reach.impact.following or one[1].rpartition(".")[2] in self.names
            ]
        )

    def load(self, paths: Collection[str]) -> None:
        """Run what runs when files are loaded, and find in them what was asked for before."""
        coming = list(paths)
        while coming:
            path = coming.pop()
            if path in self.loaded:
                continue
            self.loaded.add(path)
            unasked = self.reach.impact.unasked
            for node in self.reach.by_file[path]:
                asked = node[1].rpartition(".")[2] in self.names and self.there(node)
                if node in unasked or asked:
                    self.add([node])
            coming += self.reach.loading.by_text(path)

    def add(self, nodes: Collection[Node]) -> None:
        for one in nodes:
            if one not in self.found and one[0] in self.loaded:
                self.found.add(one)
                self.left.append(one)

    def there(self, node: Node) -> bool:
        """Is there an object that has this member, or is it no member."""
        owner = self.reach.owner(node)
        return owner is None or owner in self.found
