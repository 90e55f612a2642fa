"""Finds the live branches and those that contain the work of others, and assigns conflicts to their origins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from devassist.domain.conflicts import Conflict, Side
from devassist.domain.ids import run_and_task, work_of
from devassist.git.merging.bases import MergeBases
from devassist.git.repository import Repository

OURS = "refs/heads/devassist/"
EVERY = "refs/heads/"
MOST = 64
"""The number of other people's branches that a run considers, at most."""
Holdings = Mapping[str, frozenset[str]]
"""A side's name -> the names of the sides whose commits it holds."""


def live_sides(repository: Repository, base: str, prefix: str = OURS) -> list[Side]:
    """The local branches with commits that the base lacks; of a task's agents only the last one."""
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
    For each side the sides whose commits it contains. Of two at one commit the later one contains the earlier one.

    `bases` may come from a detector that has walked the history already.
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
    """The `most` sides with the newest commits, in their order."""
    if len(sides) <= most:
        return list(sides)
    when = {side.name: next(iter(repository.log(side.commit, limit=1))).when for side in sides}
    chosen = {side.name for side in sorted(sides, key=lambda side: when[side.name])[-most:]}
    return [side for side in sides if side.name in chosen]


def unheld(sides: Sequence[Side], holds: Holdings) -> list[Side]:
    """The sides that no other one contains: landing these lands all."""
    contained = frozenset[str]().union(*holds.values()) if holds else frozenset[str]()
    return [side for side in sides if side.name not in contained]


def of_their_origin(conflicts: Iterable[Conflict], holds: Holdings) -> list[Conflict]:
    """
    Each conflict once, between the branches it comes from, and not between branches that merely contain these.

    A conflict between two branches that a third contains was settled there and is left out, unless the third is an
    agent's, which was only started on both.
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
    """The live branches with the paths that each changed since it left the base. No work is counted twice."""
    sides = newest(repository, live_sides(repository, base, EVERY), MOST)
    changes: dict[str, tuple[str, ...]] = {}
    for side in unheld(sides, holdings(repository, sides)):
        root = repository.merge_base(base, side.commit)
        if root is not None:
            changes[side.name] = repository.changed_paths(root, side.commit)
    return changes
