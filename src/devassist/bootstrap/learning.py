"""Wires what is known of earlier resolutions: learned from history, kept in the log, applied where it is borne out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from devassist.bootstrap.open_conflict import Answer, OpenConflict
from devassist.bootstrap.project import Project, open_log, open_reader
from devassist.domain.errors import NotFound
from devassist.domain.events import Event, EventType
from devassist.domain.resolutions import How, Tally, joined

SUBJECT = "conflict classes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Experience:
    """Hunk key -> what a person put there last, and how each class has fared: in history and with people."""

    repeats: Mapping[str, str] = field(default_factory=dict)
    history: Mapping[str, Tally] = field(default_factory=dict)
    people: Mapping[str, Tally] = field(default_factory=dict)

    @property
    def classes(self) -> Mapping[str, Tally]:
        return joined([self.history, self.people])


def learn_from_history(project: Project, *, limit: int, told: Callable[[int, int], None]) -> dict[str, Any]:
    """Replay merges, record what they teach, and say what may now be settled without a person."""
    from devassist.conflicts.automatic import CLASSES
    from devassist.conflicts.lessons import learn

    found = learn(project.repository, project.host.environment, limit=limit, told=told)
    lesson = {
        "subject": SUBJECT,
        "head": found.head,
        "merges": found.merges,
        "conflicting": found.conflicting,
        "hunks": found.hunks,
        "classes": {name: tally.as_json() for name, tally in found.classes.items()},
    }
    with open_log(project) as log:
        log.record(Event(type=EventType.LESSON_LEARNED, data=lesson))
    known = experience(project)
    nothing = Tally()
    return {
        "schema": "devassist.lessons/1",
        **{name: lesson[name] for name in ("head", "merges", "conflicting", "hunks")},
        "classes": [
            {
                "class": name,
                **known.classes.get(name, nothing).as_json(),
                "history": known.history.get(name, nothing).as_json(),
                "people": known.people.get(name, nothing).as_json(),
            }
            for name in CLASSES
        ],
        "repeats": len(known.repeats),
    }


def experience(project: Project) -> Experience:
    """What the log holds: the last lesson of history, and every decision of a person that was not undone."""
    from devassist.conflicts.precedents import learned, repeats
    from devassist.store.filters import EventFilter

    lesson: Mapping[str, Any] = {}
    resolutions: list[Mapping[str, Any]] = []
    undone: set[str] = set()
    try:
        with open_reader(project) as reader:
            for record in reader.events(EventFilter(types=("lesson", "conflict"))):
                if record.type is EventType.LESSON_LEARNED and record.data.get("subject") == SUBJECT:
                    lesson = record.data
                elif record.type is EventType.CONFLICT_RESOLVED:
                    resolutions.append(record.data)
                    undone |= {record.data["undone"]} if "undone" in record.data else set()
    except NotFound:
        return Experience()
    standing = [one for one in resolutions if one.get("commit") not in undone]
    history = {
        name: Tally(right=one["right"], total=one["total"]) for name, one in lesson.get("classes", {}).items()
    }
    return Experience(repeats=repeats(standing), history=history, people=learned(standing))


def automatic(found: OpenConflict, given: Answer) -> Answer | None:
    """An answer that experience gives to every hunk of a conflict, or None: then a person or an agent is needed."""
    if found.semantic or any(one.marked is None for one in found.pair.files):
        return None
    known = experience(found.project)
    edits: dict[str, str] = {}
    grounds: list[str] = []
    for one in found.pair.files:
        answers: list[str] = []
        for hunk in one.marked.hunks if one.marked is not None else ():
            answer, ground = _known(known, one.path, hunk)
            if answer is None:
                return None
            answers.append(answer)
            grounds.append(ground)
        if one.marked is not None:
            edits[one.path] = one.marked.resolved(answers)
    return replace(
        given,
        how=How.AUTOMATIC,
        edits=edits,
        who="policy",
        choice=", ".join(dict.fromkeys(ground.partition(":")[0] for ground in grounds)),
        reason="; ".join(dict.fromkeys(grounds)),
    )


def repeated_texts(found: OpenConflict) -> dict[str, str]:
    """What there is to edit, with every hunk that a person settled before as they settled it."""
    known = experience(found.project).repeats
    texts = found.texts()
    for file in found.pair.files:
        if file.marked is not None and all(hunk.key in known for hunk in file.marked.hunks):
            texts[file.path] = file.marked.resolved([known[hunk.key] for hunk in file.marked.hunks])
    return texts


def _known(known: Experience, path: str, hunk: Any) -> tuple[str | None, str]:
    from devassist.conflicts.automatic import proposal

    if hunk.key in known.repeats:
        return known.repeats[hunk.key], "repeat: a person settled the same hunk before"
    proposed = proposal(path, hunk)
    if proposed is None:
        return None, ""
    tally = known.classes.get(proposed.name, Tally())
    if not tally.trusted:
        return None, ""
    ground = f"{proposed.name}: right in {tally.right} of {tally.total}, at least {tally.lower_bound:.3f}"
    return proposed.text, ground
