"""Wires conflict detection: which branches, which levels, and what the log knows of each conflict already."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec

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
    ConflictRecord,
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

LEVELS = ("tree", "text", "symbol", "manifest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What to compare. Without branches: the live devassist branches, or with `every` all that are ahead."""

    branches: tuple[str, ...] = ()
    every: bool = False
    base: str = ""
    levels: tuple[str, ...] = LEVELS
    deeper: tuple[Level, ...] = ()
    """Levels that run something: type, behaviour."""
    committed: bool = False
    """Leave out what is not committed in the worktrees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """
    What was found. `stats` is contract 6's; `order` lands most without conflict.

    `against` is the base's name, and `levels` what was looked at.
    """

    base: str
    sides: Sequence[Side]
    conflicts: Sequence[Conflict]
    order: Sequence[str]
    stats: ConflictStats = field(default_factory=ConflictStats)
    looked: Sequence[str] = ()
    """All branches that were compared, also those that one of `sides` holds."""
    stale: Sequence[Stale] = ()
    """Branches that the base has moved on from in paths they change."""
    seen: frozenset[str] = frozenset()
    """Ids of all that was found, also of what is said of other branches because it comes from them."""
    against: str = ""
    waves: Sequence[Sequence[str]] = ()
    """`order` in parts: those of the first land without a conflict, each later one conflicts with one before it."""
    levels: tuple[str, ...] = LEVELS


def compare(project: Project, wanted: Comparison, decided: Mapping[str, ConflictStatus]) -> Compared:
    """
    Hold every branch against every other. `decided` maps conflict ids to what people decided of them.

    Raises Refused in a shallow clone, NotFound for a branch that is not there.
    """
    started = time.monotonic()
    require_history(project.repository)
    base = base_side(project, wanted.base)
    with MergeTree(project.repository, environment=project.host.environment) as referee:
        live = looked_at(project, referee, wanted, base.commit)
        found, merged = _detected(project, referee, base, live, wanted.levels)
        scene = _scene(referee, wanted, base, live, found, decided)
        deep = Deep()
        if wanted.deeper:
            first = [side for side in scene.sides if side not in scene.landing]
            ranked = sorted(scene.landing, key=lambda side: scene.order.index(side.name))
            deep = go_deeper(project, referee, base, [*first, *ranked], wanted.deeper)
    conflicts = [
        replace(one, status=decided.get(one.id, one.status)) for one in [*scene.conflicts, *deep.conflicts]
    ]
    count = len(scene.sides)
    meant = {side.name for side in scene.sides}.union(*(one.branches for one in conflicts))
    return Compared(
        base=base.commit,
        sides=[one for one in live if one.name in meant],
        conflicts=conflicts,
        order=scene.order,
        looked=[one.name for one in live],
        stale=scene.stale,
        seen=frozenset(one.id for one in found),
        stats=replace(
            _deep_stats(deep) if wanted.deeper else ConflictStats(),
            branches=count,
            pairs=count * (count - 1) // 2,
            pairs_merged=merged,
            seconds=round(time.monotonic() - started, 3),
        ),
        against=base.name,
        waves=scene.waves,
        levels=(*wanted.levels, *wanted.deeper),
    )


def _deep_stats(deep: Deep) -> ConflictStats:
    return ConflictStats(
        commands=deep.commands_run,
        notes=tuple(deep.notes),
        tests=tuple(ChosenTests(**choice._asdict()) for choice in deep.chosen),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """The branches that count by themselves, those of them to be merged, in which order, and what is said of them."""

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
    found: Sequence[Conflict],
    decided: Mapping[str, ConflictStatus],
) -> _Scene:
    named = bool(wanted.branches)
    holds = {} if named else holdings(referee.view, live)
    sides = live if named or wanted.every else unheld(live, holds)
    # Work in progress on the base is compared, and is nothing to merge into it.
    landing = [side for side in sides if side.name != base.name or side.name in wanted.branches]
    # The order is that of the branches to be merged; a conflict is said of those that it comes from.
    held = {side.name for side in live} - {side.name for side in sides}
    between = [
        replace(one, status=_in_the_way(one, decided)) for one in found if held.isdisjoint(one.branches)
    ]
    return _Scene(
        sides=sides,
        landing=landing,
        waves=planned(between, landing, edges(between)).waves,
        conflicts=list(found) if named else of_their_origin(found, holds),
        stale=stale_branches(referee.view, base.commit, landing),
    )


def _in_the_way(one: Conflict, decided: Mapping[str, ConflictStatus]) -> ConflictStatus:
    """Its status as far as merging goes: that people live with it does not make git merge it."""
    status = decided.get(one.id, one.status)
    waived = status is ConflictStatus.WAIVED and one.level in (Level.TREE, Level.TEXT)
    return one.status if waived else status


def looked_at(project: Project, referee: MergeTree, wanted: Comparison, base: str) -> list[Side]:
    """The branches to compare, each with the uncommitted work of the worktree it is checked out in."""
    named = [side_of(project, name) for name in dict.fromkeys(wanted.branches)]
    if wanted.committed:
        return named or _found(project, wanted, base, {})
    work = WorkInProgress(project.repository, referee)
    if named:
        return [work.of(side.name) or side for side in named]
    return _found(project, wanted, base, work.all())


def _found(project: Project, wanted: Comparison, base: str, work: Mapping[str, Side]) -> list[Side]:
    """Branches that are ahead, of a task's agents only the last one, and whatever has work in it."""
    ahead = live_sides(project.repository, base, EVERY if wanted.every else OURS)
    known = {work_of(one.name) for one in ahead}
    extra = [side for name, side in work.items() if work_of(name) not in known]
    return [*(work.get(one.name, one) for one in ahead), *extra]


def _detected(
    project: Project, referee: MergeTree, base: Side, sides: Sequence[Side], levels: Sequence[str]
) -> tuple[list[Conflict], int]:
    found: list[Conflict] = []
    merged = 0
    # A branch that is looked at itself is not looked at a second time as the base.
    apart = base.name not in {side.name for side in sides}
    if {"tree", "text"} & set(levels):
        text = TextDetector(project.repository, referee).detect(base, sides, against_base=apart)
        found += [one for one in text.conflicts if str(one.level) in levels]
        merged = text.pairs_merged
    view = TreeView(referee.view)
    settings = project.settings.conflicts
    symbols = SymbolDetector(view, project.host.state_dir / "symbols", settings.languages)
    manifests = ManifestDetector(view)
    everyone = [base, *sides] if apart else sides
    deeper: list[Conflict] = []
    for fork in forks(referee.view, everyone) if {"symbol", "manifest"} & set(levels) else ():
        if "symbol" in levels:
            deeper += symbols.detect(fork.base, fork.sides, fork.pairs)
        if "manifest" in levels:
            deeper += manifests.detect(fork.base, fork.sides, fork.pairs)
    found += beyond_base(referee.view, deeper, everyone, base)
    order = list(Level)
    return sorted(found, key=lambda one: (order.index(one.level), one.path, one.id)), merged


def staled_by(project: Project, old: str, new: str) -> list[Stale]:
    """The live devassist branches that build on an outdated base since a branch went from `old` to `new`."""
    sides = live_sides(project.repository, new)
    before = {one.branch: set(one.paths) for one in stale_branches(project.repository, old, sides)}
    now = stale_branches(project.repository, new, sides)
    return [one for one in now if set(one.paths) - before.get(one.branch, set())]


Json = dict[str, object]
"""A JSON object to print."""


def rendered(compared: Compared, form: str) -> Json:
    """The comparison as `json` (contract 6) or `sarif`."""
    report = _report(compared)
    shaped: Json = msgspec.to_builtins(sarif(report) if form == "sarif" else report)
    return shaped


def conflict_records(conflicts: Sequence[Conflict]) -> list[Json]:
    """The conflicts alone, in the shape of contract 6."""
    shaped: list[Json] = msgspec.to_builtins([ConflictRecord.of(conflict) for conflict in conflicts])
    return shaped


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
