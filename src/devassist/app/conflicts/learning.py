"""Repeats people's resolutions: those that the log holds, and those in the repository's history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from devassist.app.conflicts.open_conflict import Answer, OpenConflict
from devassist.app.runs.wiring import taught
from devassist.app.wiring.history import require_history
from devassist.app.wiring.project import Project
from devassist.app.wiring.recording import open_log
from devassist.conflicts.resolution.history import answers_in_history
from devassist.conflicts.resolution.rerere import CHOICE, SUBJECT, Precedent, Precedents, repetition
from devassist.domain.events import Event, LessonLearned
from devassist.domain.resolutions import How


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """
    The result of `conflicts resolve --learn`, in counts.

    `own` merges were made by devassist and are left out. Of `hunks` conflicting places, `learned` have an answer to
    repeat. Together with people's decisions since then, `repeats` different hunks have an answer.
    """

    head: str
    merges: int
    own: int
    conflicting: int
    hunks: int
    learned: int
    repeats: int


def learn_from_history(project: Project, *, limit: int, progress: Callable[[int, int], None]) -> Learned:
    """Replays up to `limit` merges (0: all) and records how people settled their hunks."""
    require_history(project.repository)
    history = answers_in_history(project.repository, project.host.environment, limit=limit, progress=progress)
    counts = {
        "merges": history.merges,
        "own": history.own,
        "conflicting": history.conflicting,
        "hunks": history.hunks,
    }
    lesson = LessonLearned(subject=SUBJECT, head=history.head, answers=tuple(history.answers), **counts)
    with open_log(project) as log:
        log.record(Event(lesson))
    repeats = len(precedents(project))
    return Learned(head=history.head, learned=history.learned, repeats=repeats, **counts)


def precedents(project: Project) -> Mapping[str, Precedent]:
    """The person's answer to repeat, by the key of the hunk."""
    return Precedents.of(taught(project)).by_hunk()


def repeated_answer(conflict: OpenConflict, draft: Answer) -> Answer | None:
    """People's earlier answers to all hunks of a conflict; None if a hunk has none, for a person or agent to decide."""
    repeated = None if conflict.semantic else repetition(conflict.pair.files, precedents(conflict.project))
    if repeated is None:
        return None
    return replace(
        draft,
        how=How.AUTOMATIC,
        edits=repeated.edits,
        who="policy",
        choice=CHOICE,
        reason=repeated.reason,
        precedents=tuple(precedent.named for precedent in repeated.precedents),
    )


def repeated_texts(conflict: OpenConflict) -> dict[str, str]:
    """The texts to edit, by path. A file whose hunks were all resolved before is as people resolved it."""
    answers = precedents(conflict.project)
    texts = conflict.texts()
    for file in conflict.pair.files:
        if file.marked is not None and all(hunk.key in answers for hunk in file.marked.hunks):
            texts[file.path] = file.marked.resolved([answers[hunk.key].text for hunk in file.marked.hunks])
    return texts
