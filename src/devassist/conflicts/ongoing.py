"""Keeps the conflicts of a few branches with all others up to date. A move of a branch costs its own pairs only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from devassist.conflicts.branches import holdings, of_their_origin
from devassist.conflicts.manifests.detector import ManifestDetector
from devassist.conflicts.symbols.detector import SymbolDetector
from devassist.conflicts.text.detector import TextDetector
from devassist.domain.conflicts import Conflict, ConflictStatus, Severity, Side
from devassist.git.merging.merge_tree import MergeTree
from devassist.git.merging.tree_view import TreeView

_Pair = frozenset[str]


@dataclass
class OngoingConflicts:
    """
    Detectors of all levels over branches that move. Not shared between threads.

    `own` branches are compared with each other and with the rest; the rest not among themselves. Conflicts of a side
    that is unsure (it has uncommitted files) are provisional. Symbols take longer than text: `move` compares the
    text, and `deepen` the rest when there is time.
    """

    referee: MergeTree
    base: str
    cache: Path | None = None
    languages: Sequence[str] = ()
    own: dict[str, Side] = field(default_factory=dict)
    rest: dict[str, Side] = field(default_factory=dict)
    _unsure: set[str] = field(default_factory=set)
    _text: dict[_Pair, tuple[Conflict, ...]] = field(default_factory=dict)
    _deep: dict[_Pair, tuple[Conflict, ...]] = field(default_factory=dict)
    _shared: dict[tuple[str, str], str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._detector = TextDetector(self.referee.repository, self.referee)
        view = TreeView(self.referee.view)
        self._symbols = SymbolDetector(view, self.cache, self.languages)
        self._manifests = ManifestDetector(view)

    def move(self, side: Side, *, own: bool = True, unsure: bool = False) -> bool:
        """Compare the text of a new or moved branch with the others'. False if it did not change."""
        known = (self.own if own else self.rest).get(side.name)
        same = known is not None and known.tree == side.tree and known.commit == side.commit
        if same and unsure == (side.name in self._unsure):
            return False
        (self._unsure.add if unsure else self._unsure.discard)(side.name)
        (self.own if own else self.rest)[side.name] = side
        against = {*self.own, *self.rest} if own else {*self.own}
        conflicts = self._detector.set_side(side, against - {side.name}).conflicts
        self._keep(self._text, side.name, conflicts)
        return True

    def deepen(self, name: str) -> Iterator[None]:
        """
        Symbols and manifests of a branch against the others', one at a time; what was found counts at the end.

        The caller may do something more urgent between two steps, or stop iterating.
        """
        side = self.own.get(name) or self.rest.get(name)
        if side is None:
            return
        others = [branch for branch in self.own.values() if branch.name != name]
        if name in self.own:
            others += self.rest.values()
        conflicts: list[Conflict] = []
        for root, group in self._by_root(side, others).items():
            for other in group:
                conflicts += self._symbols.check_path(root, side, [other], "")
                yield
            conflicts += (
                conflict
                for conflict in self._manifests.detect(root, [side, *group])
                if name in conflict.branches
            )
        there = {*self.own, *self.rest}
        self._keep(
            self._deep, name, [conflict for conflict in conflicts if there.issuperset(conflict.branches)]
        )

    def rename(self, old: str, new: str) -> None:
        """Give a branch another name, as when the next agent takes a task over. Its conflicts stay."""
        if old not in self.own or old == new:
            return
        both = (self._text, self._deep)
        moved = [[(pair, store[pair]) for pair in store if old in pair] for store in both]
        side, unsure = self.own[old], old in self._unsure
        self.forget(old)
        self.own[new] = replace(side, name=new)
        self._detector.set_side(self.own[new], ())
        if unsure:
            self._unsure.add(new)
        for store, pairs in zip(both, moved, strict=True):
            for pair, conflicts in pairs:
                store[pair - {old} | {new}] = tuple(_renamed(conflict, old, new) for conflict in conflicts)

    def forget(self, name: str) -> None:
        """Drop a branch and its conflicts."""
        self.own.pop(name, None)
        self.rest.pop(name, None)
        self._unsure.discard(name)
        self._detector.remove(name)
        for store in (self._text, self._deep):
            for pair in [pair for pair in store if name in pair]:
                del store[pair]

    def conflicts(self, landed: Collection[str] = ()) -> list[Conflict]:
        """The current conflicts, each between the branches it comes from; none between two that have `landed`."""
        sides = [*self.rest.values(), *self.own.values()]
        conflicts = [
            conflict
            for store in (self._text, self._deep)
            for of_pair in store.values()
            for conflict in of_pair
        ]
        done = frozenset(landed)
        live = [conflict for conflict in conflicts if not done.issuperset(conflict.branches)]
        if not live:
            return []
        named = {name for conflict in live for name in conflict.branches}
        holds = holdings(
            self.referee.view, [side for side in sides if side.name in named], self._detector.bases
        )
        ranked = sorted(
            of_their_origin(live, holds),
            key=lambda conflict: (list(Severity).index(conflict.severity), conflict.path),
        )
        unique: dict[str, Conflict] = {}
        for conflict in ranked:
            unique.setdefault(conflict.id, conflict)
        return list(unique.values())

    # Inside -----------------------------------------------------------------------------------------------

    def _keep(
        self, store: dict[_Pair, tuple[Conflict, ...]], name: str, conflicts: Iterable[Conflict]
    ) -> None:
        for pair in [pair for pair in store if name in pair]:
            del store[pair]
        for conflict in conflicts:
            pair = frozenset(conflict.branches)
            status = ConflictStatus.PROVISIONAL if pair & self._unsure else ConflictStatus.OPEN
            store[pair] = (*store.get(pair, ()), replace(conflict, status=status))

    def _by_root(self, side: Side, others: Iterable[Side]) -> dict[str, list[Side]]:
        """Others by the tree that both they and the side come from: symbols are measured against it."""
        here: list[Side] = []
        older: list[Side] = []
        for other in others:
            (
                here if self._root(self.base, other) == self._root(self.base, side) == self.base else older
            ).append(other)
        groups = {self._tree(self.base): here} if here else {}
        root: str | None = self.base
        for member in (side, *older) if older else ():
            root = None if root is None else self._root(root, member)
        return groups if root is None or not older else {**groups, self._tree(root): older}

    def _root(self, commit: str, side: Side) -> str | None:
        if side.name in self.own:
            return commit if commit == self.base else self._merge_base(commit, self.base)
        return self._merge_base(commit, side.commit)

    def _merge_base(self, commit: str, other: str) -> str | None:
        key = (commit, other)
        if key not in self._shared:
            self._shared[key] = self.referee.view.merge_base(commit, other)
        return self._shared[key]

    def _tree(self, commit: str) -> str:
        return self.referee.view.tree_of(commit)


def _renamed(conflict: Conflict, old: str, new: str) -> Conflict:
    left, right = (new if name == old else name for name in conflict.branches)
    places = tuple(replace(at, branch=new) if at.branch == old else at for at in conflict.locations)
    return replace(
        conflict, branches=(left, right), locations=places, explanation=conflict.explanation.replace(old, new)
    )
