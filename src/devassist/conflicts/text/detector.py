"""Finds pairs of branches that git cannot merge: with a cheap filter first, and git itself for the rest."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

from devassist.conflicts.text.hunks import HunkIndex
from devassist.conflicts.text.prefilter import Prefilter
from devassist.conflicts.text.report import described
from devassist.domain.conflicts import Conflict, Side
from devassist.git.merging.bases import MergeBases
from devassist.git.merging.merge_tree import MergeTree
from devassist.git.merging.report import PairResult
from devassist.git.merging.tree_view import TreeView
from devassist.git.repository import Repository

PairKey = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TextResult:
    """The conflicts among `pairs` pairs of branches, `pairs_merged` of which git itself had to merge."""

    conflicts: tuple[Conflict, ...]
    pairs: int
    pairs_merged: int


@dataclass
class TextDetector:
    """
    Conflicts of trees and text between branches. Every one reported is one that git's own merge has.

    Keeps what it found, by merge base and trees, so that a branch which moved costs its own pairs only.
    """

    repository: Repository
    referee: MergeTree
    _sides: dict[str, Side] = field(default_factory=dict)
    _against: Side | None = None
    _results: dict[PairKey, PairResult] = field(default_factory=dict)
    _described: dict[tuple[str, str, PairKey], tuple[Conflict, ...]] = field(default_factory=dict)
    _keys: dict[tuple[str, str], PairKey | None] = field(default_factory=dict)
    bases: MergeBases = field(init=False)
    _hunks: HunkIndex = field(init=False)
    _prefilter: Prefilter = field(init=False)
    _trees: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        view = self.referee.view
        self.bases = MergeBases(view)
        self._hunks = HunkIndex(view)
        self._prefilter = Prefilter(TreeView(view), self._hunks)
        # Replaced objects are seen by git and not by libgit2.
        self._all_to_git = bool(view.ref_names("refs/replace/"))

    def detect(self, base: str | Side | None, sides: Sequence[Side], *, against_base: bool) -> TextResult:
        """Every pair of `sides`, and with `against_base` each of them against `base`, a revision or a side."""
        self._sides = {side.name: side for side in sides}
        self._keys = {}
        self._against = self._base_side(base) if base is not None and against_base else None
        return self._checked(list(self._pairs()))

    def set_side(self, side: Side, against: Collection[str] | None = None) -> TextResult:
        """
        Compare a new or moved branch with all others, or with those in `against`; its conflicts.

        An empty `against` only makes the branch known, for later comparisons of others with it.
        """
        self._sides[side.name] = side
        pairs = list(self._pairs_with(side))
        if against is not None:
            pairs = [pair for pair in pairs if pair[0].name in against or pair[1].name in against]
        return self._checked(pairs)

    def remove(self, name: str) -> None:
        """Drop a branch."""
        self._sides.pop(name, None)
        self._keys = {names: key for names, key in self._keys.items() if name not in names}

    def conflicts(self) -> tuple[Conflict, ...]:
        """Those of all branches as they were last checked."""
        return self._report(self._pairs())

    # Pairs ------------------------------------------------------------------------------------------------

    def _base_side(self, base: str | Side) -> Side:
        if isinstance(base, Side):
            return base
        commit = self.repository.resolve(base)
        return Side(name=base, commit=commit, tree=self.repository.tree_of(commit))

    def _pairs(self) -> Iterator[tuple[Side, Side]]:
        yield from combinations(self._sides.values(), 2)
        if self._against is not None:
            for side in self._sides.values():
                if side.name != self._against.name:
                    yield self._against, side

    def _pairs_with(self, side: Side) -> Iterator[tuple[Side, Side]]:
        """The pairs of `_pairs` with a given side."""
        after = False
        for other in self._sides.values():
            if other.name == side.name:
                after = True
            else:
                yield (side, other) if after else (other, side)
        if self._against is not None:
            same = self._against.name == side.name
            for moved in self._sides.values() if same else (side,):
                if moved.name != self._against.name:
                    yield self._against, moved

    def _checked(self, pairs: Sequence[tuple[Side, Side]]) -> TextResult:
        self.bases.add(dict.fromkeys(side.commit for pair in pairs for side in pair))
        pending: dict[PairKey, tuple[Side, Side]] = {}
        for side, other in pairs:
            key = self._keys[side.name, other.name] = self._suspicion(side, other)
            if key is not None and key not in self._results:
                pending[key] = (side, other)
        results = self.referee.merge_all([(side.commit, other.commit) for side, other in pending.values()])
        self._results.update(zip(pending, results, strict=True))
        return TextResult(self._report(pairs), len(pairs), len(pending))

    def _suspicion(self, side: Side, other: Side) -> PairKey | None:
        """The key of git's verdict on a pair; None if the pair merges for certain."""
        if side.commit == other.commit:
            return None
        bases = None if self._all_to_git else self.bases.between(side.commit, other.commit)
        if bases is None or len(bases) != 1:
            return (side.commit, other.commit)
        if bases[0] in (side.commit, other.commit):
            return None
        base = self._tree_of(bases[0])
        if not self._prefilter.may_conflict(base, side.tree, other.tree):
            return None
        return (base, side.tree, other.tree)

    def _tree_of(self, commit: str) -> str:
        if commit not in self._trees:
            self._trees[commit] = self.referee.view.tree_of(commit)
        return self._trees[commit]

    def _report(self, pairs: Iterable[tuple[Side, Side]]) -> tuple[Conflict, ...]:
        conflicts: list[Conflict] = []
        for side, other in pairs:
            key = self._keys.get((side.name, other.name))
            if key is None or self._results[key].clean:
                continue
            place = (side.name, other.name, key)
            if place not in self._described:
                self._described[place] = tuple(
                    described(
                        conflict, side.name, other.name, hunks=self._hunks, drivers=self.referee.drivers
                    )
                    for conflict in self._results[key].conflicts
                )
            conflicts += self._described[place]
        return tuple(conflicts)


def worktree_side(referee: MergeTree, worktree: Path, name: str) -> Side:
    """
    A worktree as it is on disk, committed or not, under the name of its branch.

    Its index is not touched, and uncommitted work is stored in the referee's scratch directory only.
    """
    snapshot = referee.scratch.snapshot(worktree)
    head = snapshot.head if snapshot.commit != snapshot.head else ""
    return Side(name=name, commit=snapshot.commit, tree=referee.view.tree_of(snapshot.commit), head=head)
