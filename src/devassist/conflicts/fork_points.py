"""Groups pairs of branches by the tree they forked from, against which they are compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from devassist.domain.conflicts import Conflict, Side
from devassist.git.merging.bases import MergeBases
from devassist.git.repository import Repository

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Fork:
    """The pairs of `sides` (by name, in their order) that have the tree `base` in common."""

    base: str
    sides: tuple[Side, ...]
    pairs: frozenset[Pair]


def forks(view: Repository, sides: Sequence[Side]) -> list[Fork]:
    """
    Pairs grouped by the tree they forked from; the largest group first.

    Pairs of which one contains the other, and pairs without common history, are in no group.
    """
    bases = MergeBases(view)
    bases.add(dict.fromkeys(side.commit for side in sides))
    pairs: dict[str, dict[Pair, None]] = defaultdict(dict)
    for side, other in combinations(sides, 2):
        base = _base_of(view, bases, side.commit, other.commit)
        if base and base not in (side.commit, other.commit):
            pairs[base][side.name, other.name] = None
    by_tree: dict[str, dict[Pair, None]] = defaultdict(dict)
    for base, group in pairs.items():
        by_tree[view.tree_of(base)] |= group
    groups = sorted(by_tree.items(), key=lambda item: -len(item[1]))
    return [_fork(tree, sides, group) for tree, group in groups]


def _fork(tree: str, sides: Sequence[Side], pairs: Iterable[Pair]) -> Fork:
    members = frozenset(pairs)
    names = {name for pair in members for name in pair}
    return Fork(tree, tuple(side for side in sides if side.name in names), members)


def _base_of(view: Repository, bases: MergeBases, commit: str, other: str) -> str:
    """The first merge base, as good as any other here; empty for unrelated histories."""
    known = bases.between(commit, other) if commit != other else (commit,)
    if known is None:
        return view.merge_base(commit, other) or ""
    return known[0] if known else ""


def beyond_base(
    view: Repository, conflicts: Iterable[Conflict], sides: Sequence[Side], base: Side
) -> list[Conflict]:
    """
    The conflicts that do not repeat one with `base`.

    A branch that forked late carries the base's newer commits. A branch that conflicts with the base conflicts with
    each of those as well, which is noise.
    """
    listed = list(conflicts)
    reported = {
        (_other(conflict, base.name), conflict.kind, conflict.symbol or conflict.path)
        for conflict in listed
        if base.name in conflict.branches
    }
    if not reported:
        return listed
    points = {side.name: view.merge_base(side.commit, base.commit) for side in sides}
    return [
        conflict
        for conflict in listed
        if base.name in conflict.branches
        or len({points[name] for name in conflict.branches}) == 1
        or not any(
            (name, conflict.kind, conflict.symbol or conflict.path) in reported for name in conflict.branches
        )
    ]


def _other(conflict: Conflict, name: str) -> str:
    return next((branch for branch in conflict.branches if branch != name), name)
