"""
What of a tree depends on what each branch changed: by names, and by which files load which.

A part depends on every part whose name it says, wherever that is: a name may come to mean it by any road. This takes
in too much rather than too little. What runs without being asked for depends on what loads its file.
"""

from __future__ import annotations

import builtins
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple

from devassist.conflicts.checks.anatomy import Anatomy
from devassist.conflicts.checks.parts import LOADING, Part, Parts
from devassist.conflicts.names.blob_tables import Files, source_files
from devassist.conflicts.names.modules import Modules
from devassist.conflicts.names.namespaces import BARE_BASES
from devassist.conflicts.syntax.languages import family_of
from devassist.git.objects.trees import EXECUTABLE, FILE

Node = tuple[str, str]
"""Path and name of a part."""
_MADE = ("__new__", "__init__", "__call__")


class Party(NamedTuple):
    """Somebody's work: what turned one tree into another."""

    name: str
    before: str
    after: str


@dataclass
class Impact:
    """
    The source files of one language family in a tree, with all that `parties` made of them laid on top.

    Where a part reads differently in two versions it says what any of them says.
    """

    anatomy: Anatomy
    base_tree: str
    parties: Sequence[Party]
    family: str
    files: Files = field(init=False)
    versions: dict[str, list[Parts]] = field(init=False)
    others: dict[str, frozenset[str]] = field(init=False)
    """Paths that a party changed and that are no source files of this family."""
    changed: dict[str, set[Node]] = field(init=False)
    """What each party made different."""
    shown: dict[str, set[Node]] = field(init=False)
    """That of it which the types of others may depend on."""

    def __post_init__(self) -> None:
        view = self.anatomy.tables.view
        found = source_files(self.anatomy.tables, self.base_tree, ())
        blobs = {path: blob for path, blob in found.blobs.items() if family_of(path) == self.family}
        self.versions = {path: [self.anatomy.parts(path, blob)] for path, blob in blobs.items()}
        self.changed, self.shown, others = defaultdict(set), defaultdict(set), defaultdict(set)
        for party in self.parties:
            for path, change in view.changes(party.before, party.after).items():
                if family_of(path) != self.family:
                    others[party.name].add(path)
                    continue
                old, new = (
                    one.id if one is not None and one.mode in (FILE, EXECUTABLE) else None for one in change
                )
                before, after = self.anatomy.parts(path, old), self.anatomy.parts(path, new)
                self.versions.setdefault(path, []).extend([before, after])
                if new is not None:
                    blobs.setdefault(path, new)
                self.changed[party.name] |= {(path, name) for name in _differing(before, after, "content")}
                self.shown[party.name] |= {(path, name) for name in _differing(before, after, "face")}
        self.others = {name: frozenset(paths) for name, paths in others.items()}
        self.files = Files(self.anatomy.tables, blobs, found.settings)

    @cached_property
    def nodes(self) -> dict[Node, list[Part]]:
        """Every part, in all its versions."""
        found: dict[Node, list[Part]] = defaultdict(list)
        for path, versions in self.versions.items():
            for parts in {id(one): one for one in versions}.values():
                for part in parts.parts:
                    found[path, part.name].append(part)
        return found

    @cached_property
    def reached(self) -> dict[str, frozenset[Node]]:
        """For each party all of which the types may be others with its changes: what says their names, and so on."""
        return {
            party.name: self.reached_from(self.shown[party.name]) | self.changed[party.name]
            for party in self.parties
        }

    @cached_property
    def following(self) -> frozenset[Node]:
        """Methods that are called on whatever there is of their class: by operators, or from outside of the tree."""
        outside = self._outside(known=True)
        return frozenset(
            (path, name)
            for (path, name), versions in self.nodes.items()
            if any(one.follows for one in versions) or name.rpartition(".")[0].rpartition(".")[2] in outside
        )

    @cached_property
    def unasked(self) -> frozenset[Node]:
        """What may run when its file is loaded, or is called by what is no part of the tree."""
        outside = self._outside(known=False)
        handing: dict[str, bool] = defaultdict(bool)
        for versions in self.nodes.values():
            for one in versions:
                handing[one.last] |= one.registers
                if one.last in _MADE:
                    handing[one.owner.rpartition(".")[2]] |= one.registers
        return frozenset(
            node
            for node, versions in self.nodes.items()
            for one in versions
            if one.unasked
            or any(handing.get(name, True) for name in one.decorators)
            or any(base in outside for base in one.bases)
        )

    def _outside(self, *, known: bool) -> set[str]:
        """Names of classes that inherit from what is not in this tree, be it the standard library (`known`) or not."""
        bases: dict[str, set[str]] = defaultdict(set)
        types = {
            part.last
            for (_path, name), versions in self.nodes.items()
            if name
            for part in versions
            if part.brought is None
        }
        found: set[str] = set()
        for (path, _name), versions in self.nodes.items():
            for one in versions:
                above = {self._meant(path, base) for base in one.bases}
                bases[one.last].update(above)
                for base in above:
                    if (
                        base not in types
                        and base not in BARE_BASES
                        and (known or not self._is_standard(path, base))
                    ):
                        found.add(one.last)
        while True:
            more = {name for name, above in bases.items() if above & found} - found
            if not more:
                return found
            found |= more

    def _meant(self, path: str, name: str) -> str:
        """What a name was called where an import took it from."""
        taken = [
            one.asked for one in self.nodes.get((path, name), ()) if one.brought is not None and one.asked
        ]
        return taken[0][0] if taken and not self._is_outside(path, name) else name

    def _is_standard(self, path: str, name: str) -> bool:
        """Is a name, in a file, one of the language or its library."""
        brought = [one.brought for one in self.nodes.get((path, name), ())]
        return all(
            one is not None and one.partition(".")[0] in sys.stdlib_module_names for one in brought
        ) and (bool(brought) or hasattr(builtins, name))

    @cached_property
    def modules(self) -> Modules:
        return Modules.over(self.files)

    def modules_of(self, path: str, name: str) -> Sequence[str]:
        """The files that a module is, as imported in a file: none for one from outside."""
        if path.endswith((".py", ".pyi")) and not name.startswith("."):
            every = self.modules.python.of(name)
            if every:
                return every
        found = self.modules.find(path, name)
        return [] if found is None else self.modules.paths(found)

    @cached_property
    def outside(self) -> frozenset[Node]:
        """Imports of what is no file of this tree."""
        return frozenset(
            node
            for node, versions in self.nodes.items()
            if all(one.brought is not None and self._is_outside(node[0], one.brought) for one in versions)
        )

    @cached_property
    def _askers(self) -> dict[str, list[Node]]:
        """Name -> what asks for it of anything, or imports it."""
        found: dict[str, list[Node]] = defaultdict(list)
        outside = self.outside
        for node, versions in self.nodes.items():
            asked = {word for one in versions for word in one.asked} if node not in outside else ()
            for word in asked:
                root, _, name = word.rpartition(".")
                if not root or (node[0], root) not in outside:
                    found[name].append(node)
        return found

    def _is_outside(self, path: str, module: str) -> bool:
        return not module.startswith(".") and not any(
            self.modules_of(path, name) for name in (module, module.partition(".")[0])
        )

    @cached_property
    def _sayers(self) -> dict[Node, list[Node]]:
        """File and name -> what of that file says it; with a file's name alone: what may mean another's."""
        found: dict[Node, list[Node]] = defaultdict(list)
        for node, versions in self.nodes.items():
            for word in {word for one in versions for word in one.said}:
                found[node[0], word].append(node)
        return found

    @cached_property
    def starring(self) -> frozenset[str]:
        """Files that import all names of another."""
        return frozenset(
            path
            for path, versions in self.versions.items()
            for parts in versions
            if any(name.endswith(".*") for part in parts.parts for name in part.imports)
        )

    @cached_property
    def _members(self) -> dict[Node, list[Node]]:
        found: dict[Node, list[Node]] = defaultdict(list)
        for path, name in self.nodes:
            if "." in name:
                found[path, name.rpartition(".")[0]].append((path, name))
        return found

    def reached_from(self, start: Collection[Node]) -> frozenset[Node]:
        """These parts and all that says their names, or the names of those."""
        found = set(start)
        left = list(start)
        told = {LOADING}
        while left:
            path, name = left.pop()
            after = list(self._members.get((path, name), ())) if (path, name) in start else []
            owner = name.rpartition(".")[0]
            for one in (name, owner) if (path, name) in self.following else (name,):
                last = one.rpartition(".")[2]
                after += self._sayers.get((path, last), ())
                after += self._anywhere(last) if last not in told else ()
                told.add(last)
            fresh = {one for one in after if one not in found}
            found.update(fresh)
            left += fresh
        return frozenset(found)

    def _anywhere(self, name: str) -> Iterable[Node]:
        """What may mean a part of that name in whatever file."""
        stars = (one for file in self.starring for one in self._sayers.get((file, name), ()))
        return [*self._askers.get(name, ()), *stars]


def _differing(before: Parts, after: Parts, what: Literal["content", "face"]) -> Iterable[str]:
    """Names of parts that are not the same; by `face` where both have one."""
    old = {one.name: one for one in before.parts}
    new = {one.name: one for one in after.parts}
    for name in old.keys() | new.keys():
        one, other = old.get(name), new.get(name)
        if one is None or other is None:
            yield name
        elif what == "face" and one.face and other.face:
            if one.face != other.face:
                yield name
        elif one.content != other.content:
            yield name
