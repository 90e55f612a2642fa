"""
Groups of branches to check together, such that no branch can hide what two others do to each other. Pure.

What two branches do to each other shows at the places that both reach. Only a third branch that reaches the same
place can hide it.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from itertools import combinations


def connected(reached: Mapping[str, Collection[Hashable]], names: Sequence[str]) -> list[tuple[str, str]]:
    """The pairs of branches that reach a common place. `reached` maps branch names to places."""
    places = {name: frozenset(reached[name]) for name in names}
    return [pair for pair in combinations(names, 2) if not places[pair[0]].isdisjoint(places[pair[1]])]


def groups(
    reached: Mapping[str, Collection[Hashable]],
    names: Sequence[str],
    merging: Collection[tuple[str, str]],
) -> Iterator[list[str]]:
    """
    Groups in which at most two branches reach any place, until each connected pair is in one of them.

    `merging` are the pairs that git merges, in the order of `names`; other pairs are in no group together.
    """
    places = {name: frozenset(reached[name]) for name in names}
    allowed = set(merging)
    remaining = [pair for pair in connected(reached, names) if pair in allowed]
    while remaining:
        group: list[str] = []
        once: set[Hashable] = set()
        twice: set[Hashable] = set()
        for pair in remaining:
            more = [name for name in pair if name not in group]
            together = allowed.issuperset(combinations(sorted([*group, *more], key=names.index), 2))
            if not together or not _fit(more, places, set(once), set(twice)):
                continue
            for name in more:
                twice |= once & places[name]
                once |= places[name]
                group.append(name)
        remaining = [pair for pair in remaining if not set(pair) <= set(group)]
        yield sorted(group, key=names.index)


def _fit(
    more: Sequence[str], places: Mapping[str, frozenset[Hashable]], once: set[Hashable], twice: set[Hashable]
) -> bool:
    for name in more:
        if not places[name].isdisjoint(twice):
            return False
        twice |= once & places[name]
        once |= places[name]
    return True
