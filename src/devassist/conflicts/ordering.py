"""In what order branches land so that as many as possible land without conflict. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from devassist.domain.conflicts import Conflict, ConflictStatus, Severity, Side

_EXACT = 12
"""Up to so many branches that hang together the best choice is found for certain."""
Edge = tuple[str, str]
Neighbours = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class MergeOrder:
    """
    Branches in waves: no two of one wave conflict, and the first wave is as large as can be.

    A branch of a later wave has a conflict with one before it, which must be resolved when its turn comes.
    """

    waves: tuple[tuple[str, ...], ...]

    @property
    def landing(self) -> tuple[str, ...]:
        """Those that land without any conflict."""
        return self.waves[0] if self.waves else ()

    @property
    def rest(self) -> tuple[str, ...]:
        return tuple(name for wave in self.waves[1:] for name in wave)

    @property
    def sequence(self) -> tuple[str, ...]:
        return self.landing + self.rest


def planned(conflicts: Iterable[Conflict], sides: Iterable[Side], edges: Iterable[Edge] = ()) -> MergeOrder:
    """
    The waves to merge in. Within a wave, and as far as the choice of waves allows, `edges` are respected.

    Open conflicts of severity error count. One with something that is no side, such as the base, keeps a
    branch out of the first wave.
    """
    names = list(dict.fromkeys(side.name for side in sides))
    known = set(names)
    against: dict[str, set[str]] = {name: set() for name in names}
    blocked: set[str] = set()
    weight: dict[str, int] = dict.fromkeys(names, 0)
    for conflict in conflicts:
        if conflict.status is not ConflictStatus.OPEN or conflict.severity is not Severity.ERROR:
            continue
        for branch, other in (conflict.branches, conflict.branches[::-1]):
            if branch not in known or branch == other:
                continue
            weight[branch] += 1
            if other in known:
                against[branch].add(other)
            else:
                blocked.add(branch)
    graph = {name: frozenset(others) for name, others in against.items()}
    rank = {name: (len(graph[name]), weight[name], number) for number, name in enumerate(names)}
    wanted = [edge for edge in dict.fromkeys(edges) if known.issuperset(edge) and edge[0] != edge[1]]
    return MergeOrder(tuple(_waves(graph, blocked, wanted, rank)))


Rank = Mapping[str, tuple[int, int, int]]


def _waves(graph: Neighbours, blocked: set[str], edges: Sequence[Edge], rank: Rank) -> list[tuple[str, ...]]:
    waves: list[tuple[str, ...]] = []
    left = [name for name in graph if name not in blocked]
    later = [name for name in graph if name in blocked]
    if later and not left:
        waves.append(())
    while left or later:
        chosen = _independent(left, graph, edges, rank)
        if chosen:
            waves.append(tuple(_sorted_by(edges, sorted(chosen, key=rank.__getitem__))))
        left = [name for name in left if name not in chosen] + later
        later = []
    return waves


def _independent(names: Sequence[str], graph: Neighbours, edges: Sequence[Edge], rank: Rank) -> set[str]:
    """A subset of `names` without a conflict between two of them: the largest, or a greedy choice if they are many."""
    chosen: set[str] = set()
    for part in _components(names, graph):
        # What should come first is preferred among equals.
        after = {name: sum(1 for before, last in edges if last == name and before in part) for name in part}
        ordered = sorted(part, key=lambda name: (after[name], rank[name]))
        chosen |= _largest(ordered, graph) if len(part) <= _EXACT else _greedy(ordered, graph)
    return chosen


def _components(names: Sequence[str], graph: Neighbours) -> list[set[str]]:
    left, parts = dict.fromkeys(names), []
    while left:
        part, todo = set[str](), [next(iter(left))]
        while todo:
            name = todo.pop()
            if name in left:
                del left[name]
                part.add(name)
                todo += graph[name]
        parts.append(part)
    return parts


def _largest(ordered: Sequence[str], graph: Neighbours) -> set[str]:
    """The largest choice; among equals the one with the earlier names. Sets are bits of a number."""
    bit = {name: 1 << number for number, name in enumerate(ordered)}
    clash = [sum(bit[other] for other in graph[name] if other in bit) for name in ordered]
    best = 0
    for choice in range(1 << len(ordered)):
        if best and choice.bit_count() < best.bit_count():
            continue
        if any(choice >> number & 1 and choice & clash[number] for number in range(len(ordered))):
            continue
        if best.bit_count() < choice.bit_count():
            best = choice
    return {name for name in ordered if best & bit[name]}


def _greedy(ordered: Sequence[str], graph: Neighbours) -> set[str]:
    """Picks, until none is left, the branch with the fewest conflicts among the remaining ones."""
    left = dict.fromkeys(ordered)
    chosen: set[str] = set()
    while left:
        name = min(left, key=lambda branch: sum(1 for other in graph[branch] if other in left))
        chosen.add(name)
        left = {branch: None for branch in left if branch != name and branch not in graph[name]}
    return chosen


def _sorted_by(edges: Sequence[Edge], names: Sequence[str]) -> list[str]:
    """`names` with every edge respected; in a circle of edges the first name goes first."""
    left, ordered = list(names), list[str]()
    while left:
        blocked = {after for before, after in edges if before in left and after in left}
        free = next((name for name in left if name not in blocked), left[0])
        left.remove(free)
        ordered.append(free)
    return ordered
