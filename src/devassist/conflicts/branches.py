"""Which branches are live, which of them hold the work of others, and of whom a conflict is therefore said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from devassist.domain.conflicts import Conflict, Side
from devassist.domain.ids import run_and_task, work_of
from devassist.git.merging.bases import MergeBases
from devassist.git.repository import Repository

OURS = "refs/heads/devassist/"
EVERY = "refs/heads/"
MOST = 64
"""Branches of others that are looked at where nobody waits to be told of all of them."""
Holdings = Mapping[str, frozenset[str]]
"""A side's name -> the names of the sides whose commits it holds."""


def live_sides(repository: Repository, base: str, prefix: str = OURS) -> list[Side]:
    """The local branches that have something the base has not; of a task's agents only the last one."""
    ahead: list[Side] = []
    for ref in repository.ref_names(prefix):
        tip = repository.ref_tip(ref)
        if tip is not None and not repository.is_ancestor(tip, base):
            ahead.append(
                Side(name=ref.removeprefix(EVERY), commit=tip, tree=repository.tree_of(tip)),
            )
    last: dict[str, Side] = {}
    for name in ahead:
        known = last.get(work_of(name.name))
        if known is None or (
            known.commit != name.commit and repository.is_ancestor(known.commit, name.commit)
        ):
            last[work_of(name.name)] = name
    return list(last.values())


def holdings(repository: Repository, sides: Sequence[Side], bases: MergeBases | None = None) -> Holdings:
    """
    Who builds on whom. Of two at the same commit the later one of the sequence holds the earlier one.

    `bases` are those of a detector that knows the history already.
    """
    known = MergeBases(repository) if bases is None else bases
    if sides:
        known.add(side.commit for side in sides)
    place = {side.name: at for at, side in enumerate(sides)}

    def holds(side: Side, other: Side) -> bool:
        if side.commit == other.commit:
            return place[other.name] < place[side.name]
        answer = known.holds(side.commit, other.commit)
        return repository.is_ancestor(other.commit, side.commit) if answer is None else answer

    return {
        side.name: frozenset(other.name for other in sides if other is not side and holds(side, other))
        for side in sides
    }


def newest(repository: Repository, sides: Sequence[Side], most: int) -> list[Side]:
    """At most so many sides: those with the newest commits, in their order."""
    if len(sides) <= most:
        return list(sides)
    when = {side.name: next(iter(repository.log(side.commit, limit=1))).when for side in sides}
    chosen = {side.name for side in sorted(sides, key=lambda side: when[side.name])[-most:]}
    return [side for side in sides if side.name in chosen]


def unheld(sides: Sequence[Side], holds: Holdings) -> list[Side]:
    """The sides that no other one holds: who lands these lands all."""
    held = frozenset[str]().union(*holds.values()) if holds else frozenset[str]()
    return [side for side in sides if side.name not in held]


def of_their_origin(conflicts: Iterable[Conflict], holds: Holdings) -> list[Conflict]:
    """
    Each conflict once, of the branches it comes from: not of those that merely hold these, nor between the two.

    What is between two branches that a third holds both of has been settled there, and is left out: unless that
    is an agent's, which was only started on both.
    """
    listed = list(conflicts)
    places: dict[tuple[str, str], set[frozenset[str]]] = {}
    for conflict in listed:
        places.setdefault((conflict.kind, conflict.symbol or conflict.path), set()).add(
            frozenset(conflict.branches)
        )
    together = [names | {holder} for holder, names in holds.items() if not run_and_task(holder)[1]]
    return [
        conflict
        for conflict in listed
        if not any(names.issuperset(conflict.branches) for names in together)
        and not any(a in holds.get(b, ()) for a, b in (conflict.branches, conflict.branches[::-1]))
        and not _comes_from_others(conflict, places[conflict.kind, conflict.symbol or conflict.path], holds)
    ]


def _comes_from_others(conflict: Conflict, known: set[frozenset[str]], holds: Holdings) -> bool:
    left, right = conflict.branches
    return any(
        frozenset((mine, other)) in known
        for mine in (left, *holds.get(left, ()))
        for other in (right, *holds.get(right, ()))
        if (mine, other) != (left, right)
    )


def open_changes(repository: Repository, base: str) -> dict[str, tuple[str, ...]]:
    """The live branches, work of others not counted twice, and the paths each changes since it left the base."""
    sides = newest(repository, live_sides(repository, base, EVERY), MOST)
    changes: dict[str, tuple[str, ...]] = {}
    for side in unheld(sides, holdings(repository, sides)):
        root = repository.merge_base(base, side.commit)
        if root is not None:
            changes[side.name] = repository.changed_paths(root, side.commit)
    return changes
