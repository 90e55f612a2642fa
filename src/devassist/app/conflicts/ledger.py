"""A conflict has a life: first and last seen, waived or gone, by whom and why. All of it is in the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from devassist.app.conflicts.branches import side_of
from devassist.app.conflicts.compare import Compared, Comparison, compare
from devassist.app.conflicts.known import known_conflicts
from devassist.app.wiring.project import Project
from devassist.app.wiring.recording import is_writable, open_log
from devassist.domain.conflicts import ConflictStatus
from devassist.domain.errors import NotFound
from devassist.domain.events import ConflictFound, ConflictResolved, Event
from devassist.domain.ids import work_of


def compare_and_remember(project: Project, wanted: Comparison) -> Compared:
    """Hold the branches against each other with what people decided before, and record what is new or gone."""
    known = known_conflicts(project)
    moved = {id_: name for id_, one in known.items() if (name := _moved(project, one))}
    decided = {
        id_: ConflictStatus(one["status"])
        for id_, one in known.items()
        if one["status"] in (ConflictStatus.WAIVED, ConflictStatus.RESOLVED) and id_ not in moved
    }
    compared = compare(project, wanted, decided)
    if not is_writable(project):
        note = "not remembered: the repository cannot be written"
        stats = replace(compared.stats, notes=(*(compared.stats.notes or ()), note))
        return replace(compared, stats=stats)
    _reopen(project, moved)
    remember(project, compared)
    return compared


def _moved(project: Project, one: Mapping[str, Any]) -> str:
    """The branch that has commits which the resolution of a conflict does not hold, or nothing."""
    if one["status"] != "resolved" or one["gone"] or "commit" not in one["ended"]:
        return ""
    repository = project.repository
    for name in one["branches"]:
        try:
            tip = side_of(project, name).commit
            if not repository.is_ancestor(tip, repository.resolve(one["ended"]["commit"])):
                return str(name)
        except NotFound:  # a branch that is gone is compared with nothing; a lost commit resolves nothing
            if project.repository.branch_tip(name) is not None:
                return str(name)
    return ""


def _reopen(project: Project, moved: Mapping[str, str]) -> None:
    """A resolution is one of certain commits: when a branch goes on, its conflict is open again."""
    if not moved:
        return
    with open_log(project) as log:
        log.record(
            *(
                Event(
                    ConflictResolved(
                        conflict=id_,
                        status=ConflictStatus.OPEN,
                        who="policy",
                        reason=f"{name} moved since it was resolved",
                    )
                )
                for id_, name in moved.items()
            )
        )


def remember(project: Project, compared: Compared) -> None:
    """Record what is new and what is gone since the last look. A conflict that stays as it was adds nothing."""
    before = known_conflicts(project)
    now = {one.id: one for one in compared.conflicts}
    events = [
        Event(ConflictFound.of(one, base=compared.base))
        for one in compared.conflicts
        if one.id not in before or before[one.id]["gone"] or before[one.id]["status"] == "provisional"
    ]
    looked = {work_of(name) for name in [*compared.looked, compared.against]}
    events += [
        Event(
            ConflictResolved(
                conflict=id_,
                status=ConflictStatus.GONE,
                who="policy",
                reason=_why_gone(project, one),
            )
        )
        for id_, one in before.items()
        if id_ not in now
        and id_ not in compared.seen
        and not one["gone"]
        and one["level"] in compared.levels
        and {work_of(name) for name in one["branches"]} <= looked
    ]
    if events:
        with open_log(project) as log:
            log.record(*events)


def _why_gone(project: Project, one: Mapping[str, Any]) -> str:
    """Merged, or changed so that it does not come up any more."""
    repository = project.repository
    tips = {name: tip for name in one["branches"] if (tip := repository.branch_tip(name)) is not None}
    for name, other in (tuple(tips), tuple(tips)[::-1]) if len(tips) > 1 else ():
        if repository.is_ancestor(tips[name], tips[other]):
            return f"{other} holds {name} now"
    return "it was not found again"
