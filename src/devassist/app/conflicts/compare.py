"""Compares branches with each other and with their base: finds conflicts, stale branches and an order of merging."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

from devassist.app.conflicts.branches import base_side, side_of
from devassist.app.conflicts.run_levels import Deep, go_deeper
from devassist.app.conflicts.uncommitted import WorkInProgress
from devassist.app.wiring.history import require_history
from devassist.app.wiring.project import Project
from devassist.conflicts.branches import EVERY, OURS, holdings, live_sides, of_their_origin, unheld
from devassist.conflicts.fork_points import beyond_base, forks
from devassist.conflicts.manifests.detector import ManifestDetector
from devassist.conflicts.markdown import markdown
from devassist.conflicts.ordering import planned
from devassist.conflicts.outputs import (
    BranchRecord,
    ChosenTests,
    ConflictReport,
    ConflictStats,
    by_severity,
)
from devassist.conflicts.sarif import sarif
from devassist.conflicts.symbols.both_changed import edges
from devassist.conflicts.symbols.detector import SymbolDetector
from devassist.conflicts.text.detector import TextDetector
from devassist.conflicts.text.staleness import Stale, stale_branches
from devassist.domain.conflicts import Conflict, ConflictStatus, Level, Side
from devassist.domain.ids import work_of
from devassist.git.merging.merge_tree import MergeTree
from devassist.git.merging.tree_view import TreeView
from devassist.reports.run_document import Json, builtins

LEVELS = (Level.TREE, Level.TEXT, Level.SYMBOL, Level.MANIFEST)
"""The levels that read only, and run nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """
    The branches to compare and how.

    Without `branches` these are the live devassist branches, or with `every` all that are ahead of the base.
    """

    branches: tuple[str, ...] = ()
    every: bool = False
    base: str = ""
    levels: tuple[Level, ...] = LEVELS
    deeper: tuple[Level, ...] = ()
    """The levels that run commands: type, behaviour."""
    committed: bool = False
    """Leave out the uncommitted work in worktrees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """
    The result of a comparison. `order` is the one that lands most branches without a conflict.

    `base` is the commit of the base and `against` its name; `levels` are those that were compared.
    """

    base: str
    sides: Sequence[Side]
    conflicts: Sequence[Conflict]
    order: Sequence[str]
    stats: ConflictStats = field(default_factory=ConflictStats)
    looked: Sequence[str] = ()
    """All branches that were compared, also those that one of `sides` holds."""
    stale: Sequence[Stale] = ()
    """Branches that change paths which the base has changed since they left it."""
    seen: frozenset[str] = frozenset()
    """Ids of all conflicts that were found, also of those attributed to the branches that they come from."""
    against: str = ""
    waves: Sequence[Sequence[str]] = ()
    """`order` in parts: those of the first land without a conflict, each later one conflicts with an earlier one."""
    levels: tuple[Level, ...] = LEVELS


def compare(project: Project, wanted: Comparison, decided: Mapping[str, ConflictStatus]) -> Compared:
    """
    Compare every branch with every other. `decided` maps ids of conflicts to the statuses that people gave them.

    Raises Refused in a shallow clone, NotFound for a branch that does not exist.
    """
    started = time.monotonic()
    require_history(project.repository)
    base = base_side(project, wanted.base)
    with MergeTree(project.repository, environment=project.host.environment) as referee:
        live = sides_to_compare(project, referee, wanted, base.commit)
        detected, merged = _detect(project, referee, base, live, wanted.levels)
        scene = _scene(referee, wanted, base, live, detected, decided)
        unrelated = _unrelated(referee, base, scene.landing, named=bool(wanted.branches))
        deep = Deep()
        if wanted.deeper:
            first = [side for side in scene.sides if side not in scene.landing]
            ranked = sorted(scene.landing, key=lambda side: scene.order.index(side.name))
            deep = go_deeper(project, referee, base, [*first, *ranked], wanted.deeper)
    conflicts = [
        replace(conflict, status=decided.get(conflict.id, conflict.status))
        for conflict in [*scene.conflicts, *deep.conflicts]
    ]
    count = len(scene.sides)
    stats = _deep_stats(deep) if wanted.deeper else ConflictStats()
    if unrelated:
        stats = replace(stats, notes=(*(stats.notes or ()), *unrelated))
    named = {side.name for side in scene.sides}.union(*(conflict.branches for conflict in conflicts))
    return Compared(
        base=base.commit,
        sides=[side for side in live if side.name in named],
        conflicts=conflicts,
        order=scene.order,
        looked=[side.name for side in live],
        stale=scene.stale,
        seen=frozenset(conflict.id for conflict in detected),
        stats=replace(
            stats,
            branches=count,
            pairs=count * (count - 1) // 2,
            pairs_merged=merged,
            seconds=round(time.monotonic() - started, 3),
        ),
        against=base.name,
        waves=scene.waves,
        levels=(*wanted.levels, *wanted.deeper),
    )


def _unrelated(referee: MergeTree, base: Side, sides: Sequence[Side], *, named: bool) -> list[str]:
    """Sentences on branches without a common ancestor: git refuses to merge them unless it is told to."""
    with_base = [(base, side) for side in sides if side.name != base.name]
    pairs = [*with_base, *(combinations(sides, 2) if named else ())]
    return [
        f"{left.name} and {right.name} share no history: git merges them only with --allow-unrelated-histories, and "
        "each file that both have is added by both"
        for left, right in pairs
        if referee.view.merge_base(left.commit, right.commit) is None
    ]


def _deep_stats(deep: Deep) -> ConflictStats:
    return ConflictStats(
        commands=deep.commands_run,
        notes=tuple(deep.notes),
        tests=tuple(ChosenTests(**choice._asdict()) for choice in deep.chosen),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """The branches that no other one holds, those of them to merge, in which order, and their conflicts."""

    sides: Sequence[Side]
    landing: Sequence[Side]
    waves: Sequence[Sequence[str]]
    conflicts: Sequence[Conflict]
    stale: Sequence[Stale]

    @property
    def order(self) -> list[str]:
        return [name for wave in self.waves for name in wave]


def _scene(
    referee: MergeTree,
    wanted: Comparison,
    base: Side,
    live: Sequence[Side],
    detected: Sequence[Conflict],
    decided: Mapping[str, ConflictStatus],
) -> _Scene:
    named = bool(wanted.branches)
    holds = {} if named else holdings(referee.view, live)
    sides = live if named or wanted.every else unheld(live, holds)
    # Uncommitted work on the base is compared, but it is not merged into the base.
    landing = [side for side in sides if side.name != base.name or side.name in wanted.branches]
    # The order is that of the branches to merge; a conflict belongs to the branches that it comes from.
    within_others = {side.name for side in live} - {side.name for side in sides}
    between = [
        replace(conflict, status=_status_for_merging(conflict, decided))
        for conflict in detected
        if within_others.isdisjoint(conflict.branches)
    ]
    return _Scene(
        sides=sides,
        landing=landing,
        waves=planned(between, landing, edges(between)).waves,
        conflicts=list(detected) if named else of_their_origin(detected, holds),
        stale=stale_branches(referee.view, base.commit, landing),
    )


def _status_for_merging(conflict: Conflict, decided: Mapping[str, ConflictStatus]) -> ConflictStatus:
    """The status of a conflict for the order of merging: a waiver does not make git merge its lines."""
    status = decided.get(conflict.id, conflict.status)
    waived = status is ConflictStatus.WAIVED and conflict.level in (Level.TREE, Level.TEXT)
    return conflict.status if waived else status


def sides_to_compare(project: Project, referee: MergeTree, wanted: Comparison, base: str) -> list[Side]:
    """The branches to compare, each with the uncommitted work of the worktree it is checked out in."""
    named = [side_of(project, name) for name in dict.fromkeys(wanted.branches)]
    if wanted.committed:
        return named or _live_sides(project, wanted, base, {})
    work = WorkInProgress(project.repository, referee)
    if named:
        return [work.of(side.name) or side for side in named]
    return _live_sides(project, wanted, base, work.all())


def _live_sides(project: Project, wanted: Comparison, base: str, work: Mapping[str, Side]) -> list[Side]:
    """Branches that are ahead, of a task's agents only the last one, and all branches with uncommitted work."""
    ahead = live_sides(project.repository, base, EVERY if wanted.every else OURS)
    known = {work_of(side.name) for side in ahead}
    extra = [side for name, side in work.items() if work_of(name) not in known]
    return [*(work.get(side.name, side) for side in ahead), *extra]


def _detect(
    project: Project, referee: MergeTree, base: Side, sides: Sequence[Side], levels: Sequence[Level]
) -> tuple[list[Conflict], int]:
    """The conflicts of these levels in order, and how many pairs were merged for them."""
    conflicts: list[Conflict] = []
    merged = 0
    # A branch that is compared itself is not compared a second time as the base.
    apart = base.name not in {side.name for side in sides}
    if {Level.TREE, Level.TEXT} & set(levels):
        text = TextDetector(project.repository, referee).detect(base, sides, against_base=apart)
        conflicts += [conflict for conflict in text.conflicts if conflict.level in levels]
        merged = text.pairs_merged
    view = TreeView(referee.view)
    settings = project.settings.conflicts
    symbols = SymbolDetector(view, project.host.state_dir / "symbols", settings.languages)
    manifests = ManifestDetector(view)
    everyone = [base, *sides] if apart else sides
    deeper: list[Conflict] = []
    for fork in forks(referee.view, everyone) if {Level.SYMBOL, Level.MANIFEST} & set(levels) else ():
        if Level.SYMBOL in levels:
            deeper += symbols.detect(fork.base, fork.sides, fork.pairs)
        if Level.MANIFEST in levels:
            deeper += manifests.detect(fork.base, fork.sides, fork.pairs)
    conflicts += beyond_base(referee.view, deeper, everyone, base)
    order = list(Level)
    conflicts.sort(key=lambda conflict: (order.index(conflict.level), conflict.path, conflict.id))
    return conflicts, merged


def staled_by(project: Project, old: str, new: str) -> list[Stale]:
    """The live devassist branches that build on an outdated base since a branch went from `old` to `new`."""
    sides = live_sides(project.repository, new)
    before = {stale.branch: set(stale.paths) for stale in stale_branches(project.repository, old, sides)}
    now = stale_branches(project.repository, new, sides)
    return [stale for stale in now if set(stale.paths) - before.get(stale.branch, set())]


def as_document(compared: Compared) -> Json:
    """The comparison as the JSON document `devassist.conflicts/1`."""
    return builtins(_report(compared))


def as_sarif(compared: Compared) -> Json:
    return builtins(sarif(_report(compared)))


def as_markdown(compared: Compared) -> str:
    """The comparison as a comment on a pull request."""
    return markdown(_report(compared))


def _report(compared: Compared) -> ConflictReport:
    return ConflictReport(
        base=compared.base,
        branches=tuple(BranchRecord.of(side) for side in compared.sides),
        conflicts=by_severity(compared.conflicts),
        order=tuple(compared.order),
        stats=compared.stats,
        stale=tuple(compared.stale),
    )
