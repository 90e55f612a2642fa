"""Wires what is known of earlier resolutions: learned from history, kept in the log, applied where it is borne out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from devassist.app.conflicts.open_conflict import Answer, OpenConflict
from devassist.app.runs.wiring import taught
from devassist.app.wiring.history import require_history
from devassist.app.wiring.project import Project, open_log
from devassist.domain.events import Event, LessonLearned
from devassist.domain.resolutions import How, Tally

if TYPE_CHECKING:  # imported where they are used: other commands must not pay for parsers
    from devassist.conflicts.resolution.experience import Experience


def learn_from_history(project: Project, *, limit: int, told: Callable[[int, int], None]) -> dict[str, Any]:
    """Replay merges, record what they teach, and say what may now be settled without a person."""
    from devassist.conflicts.resolution.automatic import CLASSES
    from devassist.conflicts.resolution.experience import SUBJECT
    from devassist.conflicts.resolution.lessons import learn

    require_history(project.repository)
    found = learn(project.repository, project.host.environment, limit=limit, told=told)
    lesson = LessonLearned(
        subject=SUBJECT,
        head=found.head,
        merges=found.merges,
        own=found.own,
        conflicting=found.conflicting,
        hunks=found.hunks,
        classes=found.classes,
    )
    with open_log(project) as log:
        log.record(Event(lesson))
    known = experience(project)
    nothing = Tally()
    return {
        "schema": "devassist.lessons/1",
        **{name: getattr(lesson, name) for name in ("head", "merges", "own", "conflicting", "hunks")},
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
    """What the log holds: the last lesson of history, and every decision of a person."""
    from devassist.conflicts.resolution.experience import Experience

    return Experience.of(taught(project))


def automatic(found: OpenConflict, given: Answer) -> Answer | None:
    """An answer that experience gives to every hunk of a conflict, or None: then a person or an agent is needed."""
    from devassist.conflicts.resolution.experience import unattended

    known = None if found.semantic else unattended(found.pair.files, experience(found.project))
    if known is None:
        return None
    return replace(
        given,
        how=How.AUTOMATIC,
        edits=known.edits,
        who="policy",
        choice=known.choice,
        reason=known.reason,
        confidence=known.confidence,
        precedents=tuple(precedent.named for precedent in known.precedents),
    )


def repeated_texts(found: OpenConflict) -> dict[str, str]:
    """What there is to edit, with every hunk that a person settled before as they settled it."""
    known = experience(found.project).repeats
    texts = found.texts()
    for file in found.pair.files:
        if file.marked is not None and all(hunk.key in known for hunk in file.marked.hunks):
            texts[file.path] = file.marked.resolved([known[hunk.key].text for hunk in file.marked.hunks])
    return texts
