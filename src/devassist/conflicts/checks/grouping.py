"""
Sets of branches to look at together, such that no branch can hide what two others do to each other. Pure.

What two branches do to each other shows where the changes of both reach. A third that reaches there as well may hide
it; one that does not cannot.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from itertools import combinations


def connected(reached: Mapping[str, Collection[Hashable]], names: Sequence[str]) -> list[tuple[str, str]]:
    """The pairs whose changes meet somewhere."""
    places = {name: frozenset(reached[name]) for name in names}
    return [
        (one, other) for one, other in combinations(names, 2) if not places[one].isdisjoint(places[other])
    ]


def groups(
    reached: Mapping[str, Collection[Hashable]],
    names: Sequence[str],
    merging: Collection[tuple[str, str]],
) -> Iterator[list[str]]:
    """
    Sets in which every place is reached by two branches at most, until each connected pair is in one of them.

    `merging` are the pairs that git merges, in the order of `names`: the others are in no set together.
    """
    places = {name: frozenset(reached[name]) for name in names}
    left = [pair for pair in connected(reached, names) if pair in set(merging)]
    allowed = set(merging)
    while left:
        group: list[str] = []
        once: set[Hashable] = set()
        twice: set[Hashable] = set()
        for pair in left:
            more = [name for name in pair if name not in group]
            together = all(
                (one, other) in allowed
                for one, other in combinations(sorted([*group, *more], key=names.index), 2)
            )
            if not together or not _fit(more, places, set(once), set(twice)):
                continue
            for name in more:
                twice |= once & places[name]
                once |= places[name]
                group.append(name)
        ordered = sorted(group, key=names.index)
        left = [pair for pair in left if not set(pair) <= set(group)]
        yield ordered


def _fit(
    more: Sequence[str], places: Mapping[str, frozenset[Hashable]], once: set[Hashable], twice: set[Hashable]
) -> bool:
    for name in more:
        if not places[name].isdisjoint(twice):
            return False
        twice |= once & places[name]
        once |= places[name]
    return True
