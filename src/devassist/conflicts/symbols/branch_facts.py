"""The facts of a branch that the symbol level compares: names it broke, new uses, additions and edits."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from msgspec.structs import replace

from devassist.conflicts.names.namespaces import EXTERNAL, TYPES, Hop, Resolution
from devassist.conflicts.names.references import Resolver
from devassist.conflicts.symbols.breakage import Comparison
from devassist.conflicts.symbols.breaks import Added, Break
from devassist.conflicts.symbols.signatures import results
from devassist.conflicts.syntax.languages import LanguageFamily
from devassist.conflicts.syntax.tables import CALLABLES, Definition, Import, Reference, Table
from devassist.domain.conflicts import Side


class Use(NamedTuple):
    """A new use on a branch: a reference or an import, and what it means there."""

    path: str
    line: int
    reference: Reference | None
    brought: Import | None
    meaning: Resolution

    @property
    def guarded(self) -> bool:
        use = self.reference or self.brought
        return use is not None and use.guarded


@dataclass
class Branch:
    """The facts of one branch, each computed on first use. `focus` limits the files compared, not resolution."""

    side: Side
    changes: Mapping[str, str | None]
    base: Resolver
    own: Resolver
    focus: frozenset[str]

    @cached_property
    def comparison(self) -> Comparison:
        return Comparison(self.base, self.own, self.focus)

    @cached_property
    def added(self) -> list[Added]:
        return self.comparison.added()

    @cached_property
    def breaks(self) -> list[Break]:
        return self.comparison.breaks(self.added)

    @cached_property
    def breaks_by_hop(self) -> dict[Hop, Break]:
        return {broken.hop: broken for broken in self.breaks}

    @cached_property
    def uses(self) -> list[Use]:
        uses: list[Use] = []
        for path in sorted(self.focus):
            if path in self.own.files.blobs:
                uses += self._new_imports(path)
                uses += self._new_references(path)
        return uses

    @cached_property
    def uses_by_hop(self) -> dict[Hop, list[Use]]:
        """The inverted index of certain uses: every name that a use goes through."""
        return by_hop(self.uses)

    @cached_property
    def uses_by_name(self) -> dict[str, list[Use]]:
        """The inverted index of uses on receivers of unknown type."""
        return by_name(self.uses)

    def definers(
        self, names: frozenset[str], family: LanguageFamily | None
    ) -> tuple[dict[str, int], dict[str, int]]:
        """The number of definitions of each name: in the base, and on this branch."""
        before = self.base.files.definers(names, family)
        mine = self.own.files.defined_in(self.changes, names, family)
        after = {
            name: len(mine.get(name, ())) + sum(path not in self.changes for path, _one in before[name])
            for name in names
        }
        return {name: len(before[name]) for name in names}, after

    @cached_property
    def origins(self) -> dict[str, str]:
        """Files that were renamed, also with edits: new path -> the path in the base."""
        gone = [path for path, blob in self.changes.items() if blob is None]
        origins: dict[str, str] = {}
        for path in self.changes if gone else ():
            if path in self.own.files.blobs and path not in self.base.files.blobs:
                origin = self._origin(path, gone)
                if origin is not None:
                    origins[path] = origin
        return origins

    def _origin(self, path: str, gone: list[str]) -> str | None:
        names = {definition.name for definition in self.own.files.table(path).definitions}
        for old in gone:
            if old.rpartition(".")[2] == path.rpartition(".")[2]:
                others = {definition.name for definition in self.base.files.table(old).definitions}
                if len(names & others) > len(names | others) / 2 or (
                    self.base.files.blobs.get(old) == self.own.files.blobs.get(path)
                ):
                    return old
        return None

    def _previous(self, path: str) -> Table:
        """The table of the file in the base, at its path or the one it was renamed from."""
        return self.base.files.table(self.origins.get(path, path))

    def _new_imports(self, path: str) -> list[Use]:
        before = Counter((imported.module, imported.name) for imported in self._previous(path).imports)
        uses = []
        for brought in self.own.files.table(path).imports:
            if before[brought.module, brought.name]:
                before[brought.module, brought.name] -= 1
                continue
            uses.append(self.imported(path, brought))
        return uses

    def imported(self, path: str, brought: Import) -> Use:
        """An import as a use, with what it means on this branch."""
        hops: list[Hop] = []
        target = self.own.follow(path, brought, hops)
        return Use(path, brought.line, None, brought, Resolution(target, tuple(hops)))

    def used(self, path: str, reference: Reference) -> Use:
        """A reference as a use, with what it means on this branch."""
        meaning, reference = self.own.resolve(path, reference), self._counted(path, reference)
        return Use(
            path, reference.line, reference, None, self._constructed(meaning) if reference.call else meaning
        )

    def _new_references(self, path: str) -> list[Use]:
        new = fresh(self._previous(path).references, self.own.files.table(path).references)
        return [self.used(path, reference) for reference in new]

    def _counted(self, path: str, reference: Reference) -> Reference:
        """Go's `f(g())` gives f one argument where g is known to give one."""
        callee = reference.spread_call
        inner = self.own.meaning(path, callee, reference.scope) if callee else None
        if inner is None or inner.definition is None or results(inner.definition.result) != 1:
            return reference
        return replace(reference, args=reference.args + 1, starred=False)

    def _constructed(self, meaning: Resolution) -> Resolution:
        """A call of a class is a call of its constructor."""
        target = meaning.target
        if target is None or target.definition is None or target.definition.kind not in TYPES:
            return meaning
        hops = list(meaning.hops)
        maker = self.own.constructor(target, hops)
        known = maker if maker is not None and maker != EXTERNAL else target
        return Resolution(known, tuple(hops), bound=True)

    @cached_property
    def edited(self) -> dict[tuple[str, str], tuple[Definition, Definition]]:
        """Functions of changed files that both the base and the branch have: path and name -> before and after."""
        edited = {}
        for path in self.focus:
            if path in self.own.files.blobs and path in self.base.files.blobs:
                before = _functions(self.base.files.table(path))
                for name, after in _functions(self.own.files.table(path)).items():
                    if name in before:
                        edited[path, name] = (before[name], after)
        return edited

    def keeps(self, hop: Hop) -> bool:
        """Whether the branch itself bound a name anew, so that it outlives the other side's removal."""
        key, name = hop
        if not name:
            return False
        mine = self.own.namespace(key).get(name, [])
        was = self.base.namespace(key).get(name, [])
        shape = [(binding.path, binding.definition is None) for binding in was]
        return any((binding.path, binding.definition is None) not in shape for binding in mine) or len(
            mine
        ) > len(was)


def by_hop(uses: Iterable[Use]) -> dict[Hop, list[Use]]:
    """Uses by every name that they go through."""
    index: dict[Hop, list[Use]] = defaultdict(list)
    for use in uses:
        for hop in dict.fromkeys(use.meaning.hops):
            index[hop].append(use)
    return index


def by_name(uses: Iterable[Use]) -> dict[str, list[Use]]:
    """Uses on receivers that may be anything, by the name used."""
    index: dict[str, list[Use]] = defaultdict(list)
    for use in uses:
        if use.reference is not None and use.meaning.unknown:
            index[use.reference.name].append(use)
    return index


def fresh(before: tuple[Reference, ...], after: tuple[Reference, ...]) -> list[Reference]:
    """References of `after` that are more than `before` had; one that stayed in its scope is matched first."""
    scoped = Counter((reference.shape, reference.scope) for reference in before)
    total = Counter(reference.shape for reference in before)
    left = []
    for reference in after:
        if scoped[reference.shape, reference.scope]:
            scoped[reference.shape, reference.scope] -= 1
            total[reference.shape] -= 1
        else:
            left.append(reference)
    new = []
    for reference in left:
        if total[reference.shape]:
            total[reference.shape] -= 1
        else:
            new.append(reference)
    return new


def _functions(table: Table) -> dict[str, Definition]:
    counted = Counter(definition.name for definition in table.definitions)
    return {
        definition.name: definition
        for definition in table.definitions
        if definition.kind in CALLABLES and counted[definition.name] == 1
    }
