"""The conflicts in the audit log, with when each was seen and how it ended."""

from __future__ import annotations

from typing import Any

import msgspec

from devassist.app.wiring.project import Project, open_reader
from devassist.app.wiring.recording import open_log
from devassist.domain.conflicts import ConflictStatus
from devassist.domain.errors import NotFound
from devassist.domain.events import ConflictFound, ConflictResolved, DecisionMade, Event
from devassist.store.filters import EventFilter


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


def _only(type_: str) -> Any:
    return EventFilter(types=(type_,))
