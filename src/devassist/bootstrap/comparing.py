"""Wires conflict detection: which branches, which levels, and what the log knows of each conflict already."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devassist.bootstrap.history import require_history
from devassist.bootstrap.project import Project
from devassist.domain.conflicts import Conflict, Level, Side
from devassist.domain.errors import NotFound, RepositoryError

if TYPE_CHECKING:  # imported where they are used: other commands must not pay for parsers
    pass

LEVELS = ("tree", "text", "symbol", "manifest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What to compare. Without branches: the live devassist branches, or with `every` all that are ahead."""

    branches: tuple[str, ...] = ()
    every: bool = False
    base: str = ""
    levels: tuple[str, ...] = LEVELS


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What was found. `stats` is contract 6's; `order` lands most without conflict."""

    base: str
    sides: Sequence[Side]
    conflicts: Sequence[Conflict]
    order: Sequence[str]
    stats: Mapping[str, Any] = field(default_factory=dict)
    looked: Sequence[str] = ()
    """All branches that were compared, also those that one of `sides` holds."""
    stale: Sequence[Mapping[str, Any]] = ()
    """Branches that the base has moved on from in paths they change: branch, behind, paths."""


def compare(project: Project, wanted: Comparison, decided: Mapping[str, str]) -> Compared:
    """
    Hold every branch against every other. `decided` maps conflict ids to what people decided of them.

    Raises Refused in a shallow clone, NotFound for a branch that is not there.
    """
    from devassist.conflicts.live import holdings, of_their_origin, unheld
    from devassist.conflicts.ordering import merge_order
    from devassist.conflicts.semantics import edges
    from devassist.conflicts.staleness import stale_branches

    started = time.monotonic()
    repository = project.repository
    require_history(repository)
    base = repository.resolve(wanted.base or "HEAD")
    named = [side_of(project, name) for name in dict.fromkeys(wanted.branches)]
    live = named or _found(project, wanted, base)
    conflicts, merged = _detected(project, base, live, wanted.levels)
    conflicts = [replace(one, status=decided.get(one.id, one.status)) for one in conflicts]
    holds = {} if named else holdings(repository, live)
    sides = live if named or wanted.every else unheld(live, holds)
    # The order is that of the branches to be merged; a conflict is said of those that it comes from.
    known = {side.name for side in sides}
    held = {side.name for side in live} - known
    between = [one for one in conflicts if held.isdisjoint(one.branches)]
    order = merge_order(between, sides, edges(between))
    if not named:
        conflicts = of_their_origin(conflicts, holds)
    count = len(sides)
    meant = known.union(*(one.branches for one in conflicts))
    return Compared(
        base=base,
        sides=[one for one in live if one.name in meant],
        conflicts=conflicts,
        order=order,
        looked=[one.name for one in live],
        stale=[one.as_json() for one in stale_branches(repository, base, sides)],
        stats={
            "branches": count,
            "pairs": count * (count - 1) // 2,
            "pairs_merged": merged,
            "seconds": round(time.monotonic() - started, 3),
        },
    )


def side_of(project: Project, name: str) -> Side:
    """A local or remote branch, or any revision, by the name that was typed."""
    repository = project.repository
    for ref in (f"refs/heads/{name}", f"refs/remotes/{name}"):
        tip = repository.ref_tip(ref)
        if tip is not None:
            return Side(name=name, commit=tip, tree=repository.tree_of(tip))
    try:
        commit = repository.resolve(name)
    except NotFound:
        raise NotFound(f"there is no branch {name!r}", hint="git branch --all lists them") from None
    return Side(name=name, commit=commit, tree=repository.tree_of(commit))


def _found(project: Project, wanted: Comparison, base: str) -> list[Side]:
    from devassist.conflicts.live import EVERY, OURS, live_sides

    return live_sides(project.repository, base, EVERY if wanted.every else OURS)


def _detected(
    project: Project, base: str, sides: Sequence[Side], levels: Sequence[str]
) -> tuple[list[Conflict], int]:
    from devassist.conflicts.manifests import ManifestDetector
    from devassist.conflicts.symbols import SymbolDetector
    from devassist.conflicts.textual import TextDetector
    from devassist.git.merge_tree import MergeTree
    from devassist.git.tree_view import TreeView

    repository = project.repository
    found: list[Conflict] = []
    merged = 0
    if {"tree", "text"} & set(levels):
        with MergeTree(repository, environment=project.host.environment) as referee:
            text = TextDetector(repository, referee).detect(base, sides, against_base=True)
        found += [one for one in text.conflicts if str(one.level) in levels]
        merged = text.pairs_merged
    view = TreeView(repository)
    base_tree = repository.tree_of(_common(project, base, sides))
    if "symbol" in levels:
        cache = project.host.state_dir / "symbols"
        languages = project.settings.conflicts.languages
        found += SymbolDetector(view, cache, languages).detect(base_tree, sides)
    if "manifest" in levels:
        found += ManifestDetector(view).detect(base_tree, sides)
    order = list(Level)
    return sorted(found, key=lambda one: (order.index(one.level), one.path, one.id)), merged


def _common(project: Project, base: str, sides: Sequence[Side]) -> str:
    """A commit that all sides come from: symbols and manifests are measured against it."""
    commit = base
    for side in sides:
        shared = project.repository.merge_base(commit, side.commit)
        if shared is None:
            raise RepositoryError(
                f"{side.name} shares no history with the base", hint="--base REV names another"
            )
        commit = shared
    return commit


def staled_by(project: Project, old: str, new: str) -> list[Mapping[str, Any]]:
    """The live devassist branches that build on an outdated base since a branch went from `old` to `new`."""
    from devassist.conflicts.live import live_sides
    from devassist.conflicts.staleness import stale_branches

    sides = live_sides(project.repository, new)
    before = {one.branch: set(one.paths) for one in stale_branches(project.repository, old, sides)}
    now = stale_branches(project.repository, new, sides)
    return [one.as_json() for one in now if set(one.paths) - before.get(one.branch, set())]


def check_path(project: Project, path: Path) -> Compared:
    """One file as it is on disk now, held against all live branches. For a hook before or after a write."""
    repository = project.repository
    require_history(repository)
    signature = repository.signature(project.host.environment)
    here = repository.snapshot_dirty("the files as they are", signature)
    relative = path.resolve().relative_to(repository.workdir).as_posix()
    base = repository.head_commit
    others = [
        one for one in _found(project, Comparison(every=True), base) if one.name != repository.head_branch
    ]
    mine = Side(name="(your files)", commit=here, tree=repository.tree_of(here))
    conflicts, merged = _detected(project, base, [mine, *others], LEVELS)
    about = [
        one
        for one in conflicts
        if mine.name in one.branches
        and (one.path == relative or any(at.path == relative for at in one.locations))
    ]
    return Compared(
        base=base, sides=[mine, *others], conflicts=about, order=(), stats={"pairs_merged": merged}
    )


def rendered(compared: Compared, form: str) -> Any:
    """The comparison as `json` (contract 6), `sarif` or `markdown`."""
    from devassist.conflicts.outputs import document, markdown, sarif

    found = document(compared.base, compared.sides, compared.conflicts, compared.order, compared.stats)
    found["stale"] = [dict(one) for one in compared.stale]
    if form == "sarif":
        return sarif(found)
    return markdown(found) if form == "markdown" else found
