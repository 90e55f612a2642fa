"""Merges that nobody made yet: of sets of branches onto the base, and the smallest set that something is wrong with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from devassist.domain.conflicts import Side
from devassist.git.merging.merge_tree import MergeTree


@dataclass
class Speculation:
    """Merges onto `base` as git makes them, each once. Their objects live in the referee's scratch directory."""

    referee: MergeTree
    base: Side
    _made: dict[tuple[str, ...], str | None] = field(default_factory=dict)

    def tree(self, sides: Sequence[Side]) -> str | None:
        """The tree with all of `sides` merged, in this order; None where git finds a conflict on the way."""
        commit = self._merged((self.base.commit, *(side.commit for side in sides)))
        return None if commit is None else self.referee.view.tree_of(commit)

    def pair(self, one: Side, other: Side) -> str | None:
        """The tree of two branches merged with each other alone; None where git finds a conflict."""
        commit = self._merged((one.commit, other.commit))
        return None if commit is None else self.referee.view.tree_of(commit)

    def union(self, sides: Sequence[Side]) -> list[Side]:
        """As many of `sides` as merge one after another, the first ones before the later ones."""
        kept: list[Side] = []
        for side in sides:
            if self.tree([*kept, side]) is not None:
                kept.append(side)
        return kept

    def unions(self, sides: Sequence[Side]) -> Iterator[list[Side]]:
        """
        Sets of branches that merge, the largest first, until every pair that merges is in one of them.

        Most often that is one set: branches that git cannot merge keep each other out and need further ones.
        """
        missing = dict.fromkeys((one.name, other.name) for one, other in combinations(sides, 2))
        ordered = list(sides)
        while ordered:
            found = self.union(ordered)
            yield found
            names = {side.name for side in found}
            missing = {pair: None for pair in missing if not names.issuperset(pair)}
            ordered = []
            while missing and not ordered:
                chosen = next(iter(missing))
                del missing[chosen]
                first = [side for side in sides if side.name in chosen]
                if self.tree(first) is not None:
                    ordered = [*first, *(side for side in sides if side.name not in chosen)]

    def _merged(self, commits: tuple[str, ...]) -> str | None:
        if len(commits) == 1:
            return commits[0]
        if commits not in self._made:
            before = self._merged(commits[:-1])
            self._made[commits] = None if before is None else self._two(before, commits[-1])
        return self._made[commits]

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
    Of `sides`, which fail together, a set that still does and of which none can be left out.

    Asks about log2(N) sets for each branch in it, given that more branches never mend what fewer break.
    """
    needed: list[Side] = []
    left = list(sides)
    while left and not (needed and fails(needed)):
        low, high = 1, len(left)
        while low < high:
            middle = (low + high) // 2
            if fails([*needed, *left[:middle]]):
                high = middle
            else:
                low = middle + 1
        needed.append(left[low - 1])
        del left[low - 1 :]
    return sorted(needed, key=list(sides).index)
