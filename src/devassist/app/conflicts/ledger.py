"""A conflict has a life: first and last seen, waived or gone, by whom and why. All of it is in the log."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import msgspec

from devassist.app.conflicts.compare import Compared, Comparison, compare, side_of
from devassist.app.conflicts.uncommitted import WorkInProgress
from devassist.app.wiring.project import Project, is_writable, load_state, open_log, open_reader
from devassist.domain.conflicts import ConflictStatus, Side
from devassist.domain.errors import NotFound
from devassist.domain.events import ConflictFound, ConflictResolved, DecisionMade, Event
from devassist.domain.ids import work_of
from devassist.git.merging.merge_tree import MergeTree
from devassist.git.repository import Repository
from devassist.store.filters import EventFilter

_COMMITS = 10
_RENAMED = re.compile(r"^rename from (.+)$", re.MULTILINE)
_TASK_BRANCH_PARTS = 4
"""devassist/<run>/<task>/<role>"""


def compare_and_remember(project: Project, wanted: Comparison) -> Compared:
    """Hold the branches against each other with what people decided before, and record what is new or gone."""
    known = known_conflicts(project)
    moved = {id_: name for id_, one in known.items() if (name := _moved(project, one))}
    decided = {
        id_: one["status"]
        for id_, one in known.items()
        if one["status"] in ("waived", "resolved") and id_ not in moved
    }
    compared = compare(project, wanted, decided)
    if not is_writable(project):
        note = "not remembered: the repository cannot be written"
        notes = [*compared.stats.get("notes", ()), note]
        return replace(compared, stats={**compared.stats, "notes": notes})
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


def known_conflicts(project: Project) -> dict[str, dict[str, Any]]:
    """Every conflict the log knows: its last description, first and last seen, and how it ended."""
    found: dict[str, dict[str, Any]] = {}
    try:
        with open_reader(project) as reader:
            for record in reader.events(_only("conflict")):
                match record.body:
                    case ConflictFound(conflict=id_, status=status) as fact:
                        earlier = found.get(id_, {})
                        found[id_] = {
                            **msgspec.to_builtins(fact),
                            "first_seen": earlier.get("first_seen", record.at),
                            "last_seen": record.at,
                            "gone": False,
                        }
                        if "ended" in earlier and earlier["status"] == status:
                            found[id_]["ended"] = earlier["ended"]
                    case ConflictResolved(conflict=id_) as fact if id_ in found:
                        found[id_].update(_ending(fact), last_seen=record.at)
                    case _:
                        continue
    except NotFound:
        return {}
    return found


def _ending(fact: ConflictResolved) -> dict[str, Any]:
    if fact.status is ConflictStatus.GONE:
        return {"gone": True, "gone_because": fact.reason}
    stated = {name: value for name, value in msgspec.to_builtins(fact).items() if value}
    return {"status": str(fact.status), "ended": stated}


def find_conflict(project: Project, prefix: str) -> dict[str, Any]:
    """One known conflict by its id or the beginning of it. Raises NotFound."""
    known = known_conflicts(project)
    matching = [one for id_, one in known.items() if id_.startswith(prefix)]
    if len(matching) != 1:
        fact = (
            f"several conflicts begin with {prefix!r}" if matching else f"no conflict begins with {prefix!r}"
        )
        raise NotFound(fact, hint="devassist conflicts lists them")
    return matching[0]


def waive(project: Project, prefix: str, *, reason: str, who: str) -> dict[str, Any]:
    """Record that a person accepts a conflict. It is still found, and no longer fails a command."""
    one = find_conflict(project, prefix)
    decision = DecisionMade(
        who=f"person {who}",
        question=f"live with {one['conflict']}?",
        options=("waive", "leave open"),
        choice="waive",
        reason=reason,
        confidence=1.0,
    )
    waived = ConflictResolved(
        conflict=one["conflict"], status=ConflictStatus.WAIVED, who=f"person {who}", reason=reason
    )
    with open_log(project) as log:
        (made,) = log.record(Event(decision))
        log.record(Event(waived, parent=made.id))
    return {**one, "status": "waived"}


def both_sides(project: Project, conflict: Mapping[str, Any]) -> list[dict[str, str]]:
    """For each branch of a known conflict: what it was for, and what it changes there, committed or not."""
    repository = project.repository
    paths = {conflict["path"], *(at["path"] for at in conflict.get("locations", ()))}
    with MergeTree(repository, environment=project.host.environment) as referee:
        work = WorkInProgress(repository, referee)
        found: list[tuple[str, Side | None]] = []
        for name in conflict["branches"]:
            try:
                found.append((name, work.of(name) or side_of(project, name)))
            except NotFound:
                found.append((name, None))
        view = referee.view
        bases = [_fork(view, conflict, side) for _name, side in found]
        # A file that one side renamed has another name on the other.
        for (_name, side), base in zip(found, bases, strict=True):
            if side is not None and base is not None:
                paths |= set(_RENAMED.findall(view.diff(base, side.commit, paths=paths)))
        return [
            {"branch": name, "intent": "the branch is gone", "diff": ""}
            if side is None
            else {
                "branch": name,
                "intent": intent_of(project, replace(side, commit=side.tip), base or conflict["base"]),
                "diff": view.diff(base, side.commit, paths=paths) if base is not None else "",
            }
            for (name, side), base in zip(found, bases, strict=True)
        ]


def _fork(view: Repository, conflict: Mapping[str, Any], side: Side | None) -> str | None:
    """Where a branch left what it is to land on."""
    if side is None or "base" not in conflict:
        return None
    return view.merge_base(conflict["base"], side.commit)


def intent_of(project: Project, side: Side, base: str) -> str:
    """What a branch is for: the task it was made for where a run made it, else what its commits say."""
    parts = side.name.split("/")
    if parts[0] == "devassist" and len(parts) == _TASK_BRANCH_PARTS:
        with suppress(NotFound):
            state = load_state(project, parts[1])
            for task in state.plan.tasks if state.plan is not None else ():
                if task.id == parts[2]:
                    return f"{task.title}\n{task.instructions}".strip()
    said = [one.message.strip() for one in project.repository.log(side.commit, hide=[base], limit=_COMMITS)]
    return "\n".join(said) or "nothing is said of it"


def _only(type_: str) -> Any:
    return EventFilter(types=(type_,))
