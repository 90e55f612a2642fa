"""Merges that nobody has made yet: sets of branches on top of the base, and the smallest set that fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from devassist.domain.conflicts import Side
from devassist.git.merging.merge_tree import MergeTree


@dataclass
class Speculation:
    """Merges onto `base` as git makes them, each once. Their objects are in the referee's scratch directory."""

    referee: MergeTree
    base: Side
    _merges: dict[tuple[str, ...], str | None] = field(default_factory=dict)

    def tree(self, sides: Sequence[Side]) -> str | None:
        """The id of the tree with all of `sides` merged in this order; None if git finds a conflict on the way."""
        commit = self._merged((self.base.commit, *(side.commit for side in sides)))
        return None if commit is None else self.referee.view.tree_of(commit)

    def pair(self, first: Side, second: Side) -> str | None:
        """The id of the tree of two branches merged with each other; None if git finds a conflict."""
        commit = self._merged((first.commit, second.commit))
        return None if commit is None else self.referee.view.tree_of(commit)

    def union(self, sides: Sequence[Side]) -> list[Side]:
        """As many of `sides` as merge one after another, the first ones before the later ones."""
        merged: list[Side] = []
        for side in sides:
            if self.tree([*merged, side]) is not None:
                merged.append(side)
        return merged

    def unions(self, sides: Sequence[Side]) -> Iterator[list[Side]]:
        """
        Sets of branches that merge, the largest first, until every pair that merges is in one of them.

        Usually that is one set; only branches that git cannot merge with each other need further sets.
        """
        missing = dict.fromkeys((first.name, second.name) for first, second in combinations(sides, 2))
        ordered = list(sides)
        while ordered:
            union = self.union(ordered)
            yield union
            names = {side.name for side in union}
            missing = {pair: None for pair in missing if not names.issuperset(pair)}
            ordered = []
            while missing and not ordered:
                pair = next(iter(missing))
                del missing[pair]
                first = [side for side in sides if side.name in pair]
                if self.tree(first) is not None:
                    ordered = [*first, *(side for side in sides if side.name not in pair)]

    def _merged(self, commits: tuple[str, ...]) -> str | None:
        if len(commits) == 1:
            return commits[0]
        if commits not in self._merges:
            before = self._merged(commits[:-1])
            self._merges[commits] = None if before is None else self._two(before, commits[-1])
        return self._merges[commits]

    def _two(self, ours: str, theirs: str) -> str | None:
        view = self.referee.view
        if view.is_ancestor(theirs, ours):
            return ours
        if view.is_ancestor(ours, theirs):
            return theirs
        (result,) = self.referee.merge_all([(ours, theirs)])
        if not result.clean:
            return None
        return self.referee.scratch.commit(result.tree, (ours, theirs))


def smallest(sides: Sequence[Side], fails: Callable[[Sequence[Side]], bool]) -> list[Side]:
    """
    A subset of `sides`, which fail together, that still fails and from which no branch can be left out.

    Calls `fails` about log2(N) times for each branch in it. Assumes that more branches never repair what fewer break.
    """
    needed: list[Side] = []
    remaining = list(sides)
    while remaining and not (needed and fails(needed)):
        low, high = 1, len(remaining)
        while low < high:
            middle = (low + high) // 2
            if fails([*needed, *remaining[:middle]]):
                high = middle
            else:
                low = middle + 1
        needed.append(remaining[low - 1])
        del remaining[low - 1 :]
    return sorted(needed, key=list(sides).index)
