"""
Repeats of people's resolutions, as `git rerere` does: the same hunk is settled the same way. Pure.

Only a decision of a person counts: what they took, edited or approved is repeated, what they rejected or undid is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from devassist.conflicts.resolution.marked import HunkChoice, MarkedText
from devassist.conflicts.resolution.three_way_merge import ConflictingFile, MergingPair
from devassist.domain.events import (
    ApprovalDecided,
    ApprovalRequested,
    ConflictResolved,
    LessonLearned,
    Record,
)
from devassist.domain.events.decisions import Repeat, SettledHunk, Shown
from devassist.domain.hashing import digest
from devassist.domain.resolutions import How

SUBJECT = "answers to hunks"
"""The subject of a lesson.learned that holds answers from the history."""
TEACHING = ("lesson", "conflict", "approval")
"""The first words of the event types that are read here."""
CHOICE = "repeat"
"""The choice of a resolution that repeats earlier ones."""
_PERSON = "person "


@dataclass(frozen=True, slots=True, kw_only=True)
class Precedent:
    """A person's answer to a hunk. `conflict` and `event` are empty for one from the history before devassist."""

    text: str
    who: str
    commit: str
    conflict: str = ""
    event: str = ""

    @property
    def named(self) -> Repeat:
        """The reference that a repeating decision makes to it; the text is in the resolution itself."""
        return Repeat(conflict=self.conflict, who=self.who, commit=self.commit, event=self.event)

    def __str__(self) -> str:
        return f"{self.who} settled the same hunk in {self.conflict or self.commit[:12]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repetition:
    """An answer to every hunk of a conflict: path -> text, and the precedents that it repeats."""

    edits: Mapping[str, str]
    precedents: Sequence[Precedent]

    @property
    def reason(self) -> str:
        return "; ".join(f"{CHOICE}: {precedent}" for precedent in self.precedents)


@dataclass
class Precedents:
    """The last answer of a person to each hunk, folded from the log. Undone answers count as never given."""

    learned: dict[str, Precedent] = field(default_factory=dict)
    """Hunk key -> its answer in the history."""
    _verdicts: list[_Verdict] = field(default_factory=list)
    _resolved: dict[str, ConflictResolved] = field(default_factory=dict)
    """Commit -> the first event about it: every conflict that a merge settles has its own."""
    _undone: set[str] = field(default_factory=set)
    _requests: dict[str, Shown] = field(default_factory=dict)

    @classmethod
    def of(cls, records: Iterable[Record]) -> Self:
        """From the records of all runs and people, in order; events of the types in TEACHING are enough."""
        precedents = cls()
        for record in records:
            precedents.take(record)
        return precedents

    def take(self, record: Record) -> None:
        match record.body:
            case LessonLearned(subject=subject) as lesson if subject == SUBJECT:
                self.learned = _learned(lesson)
            case ApprovalRequested(kind="resolution") as request:
                self._requests[request.approval] = request.shown
            case ApprovalDecided(choice="reject") as decision:
                shown = self._requests.pop(decision.approval, Shown())
                self._verdicts.append(_Verdict(hunks=shown.hunks))
            case ConflictResolved() as event if event.undone:
                self._take_undone(event.undone)
            case ConflictResolved(status="resolved") as event if event.commit not in self._resolved:
                self._resolved[event.commit] = event
                if event.who.startswith(_PERSON):
                    verdict = _Verdict(hunks=event.hunks, resolved=event, event=record.id)
                    self._verdicts.append(verdict)
            case _:
                return

    def _take_undone(self, commit: str) -> None:
        """Undoing one's own answer withdraws it; undoing that of an agent or a repeat also rejects it."""
        event = self._resolved.get(commit)
        if event is None or commit in self._undone:
            return
        self._undone.add(commit)
        if event.how in (How.AGENT, How.AUTOMATIC):
            self._verdicts.append(_Verdict(hunks=event.hunks))

    def by_hunk(self) -> dict[str, Precedent]:
        """Hunk key -> the answer to repeat: neither rejected since, nor changed by redaction."""
        answers = dict(self.learned)
        for verdict in self._verdicts:
            for hunk in verdict.hunks:
                if verdict.resolved is not None:
                    if verdict.resolved.commit not in self._undone and _is_intact(hunk):
                        answers[hunk.key] = Precedent(
                            text=hunk.text,
                            who=verdict.resolved.who,
                            commit=verdict.resolved.commit,
                            conflict=verdict.resolved.conflict,
                            event=verdict.event,
                        )
                elif hunk.key in answers and answers[hunk.key].text == hunk.text:
                    del answers[hunk.key]
        return answers


def repetition(files: Sequence[ConflictingFile], answers: Mapping[str, Precedent]) -> Repetition | None:
    """The answer to all hunks of these files; None if a hunk has none, or a file has no hunks to answer."""
    edits: dict[str, str] = {}
    precedents: list[Precedent] = []
    for file in files:
        if file.marked is None or any(hunk.key not in answers for hunk in file.marked.hunks):
            return None
        repeated = [answers[hunk.key] for hunk in file.marked.hunks]
        edits[file.path] = file.marked.resolved([precedent.text for precedent in repeated])
        precedents += repeated
    return Repetition(edits=edits, precedents=list(dict.fromkeys(precedents))) if precedents else None


def settled_hunks(path: str, marked: MarkedText, text: str) -> list[SettledHunk]:
    """Each hunk of a file with its answer in `text`; none if more than the hunks changed, or it is not UTF-8."""
    answers = marked.answers_in(text)
    if answers is None or any("\ud800" <= character <= "\udfff" for character in text):
        return []
    return [
        SettledHunk(
            key=hunk.key,
            path=path,
            choice=next((choice for choice in HunkChoice if hunk.taking(choice) == answer), "own"),
            text=answer,
            text_digest=digest(answer),
        )
        for hunk, answer in zip(marked.hunks, answers, strict=True)
    ]


def settled_in(pair: MergingPair, tree: str) -> tuple[SettledHunk, ...]:
    """Each hunk of a merge with its answer in a tree."""
    return tuple(
        hunk
        for file in pair.files
        if file.marked is not None
        for hunk in settled_hunks(file.path, file.marked, pair.text_at(tree, file.path))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verdict:
    """A person's acceptance of the text that replaced hunks (in the resolution `resolved`), or a rejection."""

    hunks: Sequence[SettledHunk]
    resolved: ConflictResolved | None = None
    event: str = ""


def _learned(lesson: LessonLearned) -> dict[str, Precedent]:
    """The newest answer to each hunk; merges are listed newest first."""
    return {
        hunk.key: Precedent(text=hunk.text, who=merge.who, commit=merge.commit)
        for merge in reversed(lesson.answers)
        for hunk in merge.hunks
        if _is_intact(hunk)
    }


def _is_intact(hunk: SettledHunk) -> bool:
    return digest(hunk.text) == hunk.text_digest
