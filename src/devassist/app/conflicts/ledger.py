"""Compares branches under the decisions that people made, and records which conflicts are new and which are gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from devassist.app.conflicts.branches import side_of
from devassist.app.conflicts.compare import Compared, Comparison, compare
from devassist.app.conflicts.known import KnownConflict, known_conflicts
from devassist.app.wiring.project import Project
from devassist.app.wiring.recording import is_writable, open_log
from devassist.domain.conflicts import ConflictStatus
from devassist.domain.errors import NotFound
from devassist.domain.events import ConflictFound, ConflictResolved, Event
from devassist.domain.ids import work_of

_DECIDED = (ConflictStatus.WAIVED, ConflictStatus.RESOLVED)


def compare_and_remember(project: Project, wanted: Comparison) -> Compared:
    """Compare the branches with what people decided before, and record what is new or gone."""
    known = known_conflicts(project)
    moved = {id_: branch for id_, conflict in known.items() if (branch := _moved_branch(project, conflict))}
    decided = {
        id_: conflict.status
        for id_, conflict in known.items()
        if conflict.status in _DECIDED and id_ not in moved
    }
    compared = compare(project, wanted, decided)
    if not is_writable(project):
        note = "not remembered: the repository cannot be written"
        stats = replace(compared.stats, notes=(*(compared.stats.notes or ()), note))
        return replace(compared, stats=stats)
    _reopen(project, moved)
    remember(project, compared)
    return compared


def _moved_branch(project: Project, known: KnownConflict) -> str:
    """The branch that has commits which the resolution of a conflict does not hold; empty if there is none."""
    if known.gone or not known.resolution:
        return ""
    repository = project.repository
    for name in known.branches:
        try:
            tip = side_of(project, name).commit
            if not repository.is_ancestor(tip, repository.resolve(known.resolution)):
                return name
        except NotFound:  # a branch that is gone is compared with nothing; a lost commit resolves nothing
            if project.repository.branch_tip(name) is not None:
                return name
    return ""


def _reopen(project: Project, moved: Mapping[str, str]) -> None:
    """A resolution is one of certain commits: when a branch moves on, its conflict is open again."""
    if not moved:
        return
    events = [
        Event(
            ConflictResolved(
                conflict=id_,
                status=ConflictStatus.OPEN,
                who="policy",
                reason=f"{branch} moved since it was resolved",
            )
        )
        for id_, branch in moved.items()
    ]
    with open_log(project) as log:
        log.record(*events)


def remember(project: Project, compared: Compared) -> None:
    """Record what is new and what is gone since the last comparison. A conflict that did not change adds nothing."""
    known = known_conflicts(project)
    events = [
        Event(ConflictFound.of(conflict, base=compared.base))
        for conflict in compared.conflicts
        if _is_news(known.get(conflict.id))
    ]
    events += [
        Event(
            ConflictResolved(
                conflict=missing.id,
                status=ConflictStatus.GONE,
                who="policy",
                reason=_why_gone(project, missing),
            )
        )
        for missing in _missing(known, compared)
    ]
    if events:
        with open_log(project) as log:
            log.record(*events)


def _is_news(known: KnownConflict | None) -> bool:
    return known is None or known.gone or known.status is ConflictStatus.PROVISIONAL


def _missing(known: Mapping[str, KnownConflict], compared: Compared) -> list[KnownConflict]:
    """The conflicts whose branches and level a comparison covered, and which it did not find."""
    found = {conflict.id for conflict in compared.conflicts} | compared.seen
    covered = {work_of(name) for name in [*compared.looked, compared.against]}
    return [
        conflict
        for id_, conflict in known.items()
        if id_ not in found
        and not conflict.gone
        and conflict.latest.level in compared.levels
        and {work_of(name) for name in conflict.branches} <= covered
    ]


def _why_gone(project: Project, known: KnownConflict) -> str:
    """One branch holds the other now, or they changed so that they no longer conflict."""
    repository = project.repository
    tips = {name: tip for name in known.branches if (tip := repository.branch_tip(name)) is not None}
    for name, other in (tuple(tips), tuple(tips)[::-1]) if len(tips) > 1 else ():
        if repository.is_ancestor(tips[name], tips[other]):
            return f"{other} holds {name} now"
    return "it was not found again"
