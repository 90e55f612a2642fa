"""
What the log teaches of earlier resolutions, and what it settles without a person. Pure; a fold over records.

A person's word counts: what they took, edited or approved speaks for it, what they rejected or undid against it.
What nobody looked at teaches nothing, however well it went.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from devassist.conflicts.resolution.automatic import proposal
from devassist.conflicts.resolution.marked import HunkText
from devassist.conflicts.resolution.rerere import Precedent
from devassist.conflicts.resolution.three_way_merge import ConflictingFile
from devassist.domain.conflicts import ConflictStatus
from devassist.domain.events import (
    ApprovalDecided,
    ApprovalRequested,
    ConflictResolved,
    LessonLearned,
    Record,
    SettledHunk,
    Shown,
)
from devassist.domain.hashing import digest
from devassist.domain.resolutions import How, Tally, joined

SUBJECT = "conflict classes"
"""What a lesson.learned is about when it is one of these."""
TEACHING = ("lesson", "conflict", "approval")
"""The beginnings of the types of records that are read here."""
_PERSON = "person "


@dataclass(frozen=True, slots=True, kw_only=True)
class Experience:
    """Hunk key -> a person's last answer, and how each class has fared: in history and with people."""

    repeats: Mapping[str, Precedent] = field(default_factory=dict)
    history: Mapping[str, Tally] = field(default_factory=dict)
    people: Mapping[str, Tally] = field(default_factory=dict)

    @property
    def classes(self) -> Mapping[str, Tally]:
        return joined([self.history, self.people])

    @classmethod
    def of(cls, records: Iterable[Record]) -> Experience:
        """From the records of all runs and people, in order; those of TEACHING are enough."""
        reading = _Reading()
        for record in records:
            reading.take(record)
        return cls(repeats=reading.repeats(), history=reading.history, people=reading.people())


@dataclass(frozen=True, slots=True, kw_only=True)
class Unattended:
    """An answer to every hunk of a conflict that experience gives: path -> text, and what bears each out."""

    edits: Mapping[str, str]
    choice: str
    reason: str
    precedents: Sequence[Precedent]
    confidence: float


def unattended(files: Sequence[ConflictingFile], known: Experience) -> Unattended | None:
    """The answer, or None where a hunk has none, or a file has no hunks: then a person or an agent is needed."""
    edits: dict[str, str] = {}
    grounds: list[_Ground] = []
    for one in files:
        found = [_ground(known, one.path, hunk) for hunk in one.marked.hunks] if one.marked else []
        answers = [ground.text for ground in found if ground is not None]
        if one.marked is None or len(answers) < len(found):
            return None
        edits[one.path] = one.marked.resolved(answers)
        grounds += [ground for ground in found if ground is not None]
    if not grounds:
        return None
    return Unattended(
        edits=edits,
        choice=", ".join(dict.fromkeys(ground.name for ground in grounds)),
        reason="; ".join(dict.fromkeys(f"{ground.name}: {ground.why}" for ground in grounds)),
        precedents=list(dict.fromkeys(one.precedent for one in grounds if one.precedent is not None)),
        confidence=min(ground.confidence for ground in grounds),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    name: str
    text: str
    why: str
    confidence: float
    precedent: Precedent | None = None


def _ground(known: Experience, path: str, hunk: HunkText) -> _Ground | None:
    precedent = known.repeats.get(hunk.key)
    if precedent is not None:
        return _Ground(
            name="repeat", text=precedent.text, why=str(precedent), confidence=1.0, precedent=precedent
        )
    proposed = proposal(path, hunk)
    tally = known.classes.get(proposed.name, Tally()) if proposed is not None else Tally()
    if proposed is None or not tally.trusted:
        return None
    why = f"right in {tally.right} of {tally.total}, at least {tally.lower_bound:.3f}"
    return _Ground(name=proposed.name, text=proposed.text, why=why, confidence=tally.lower_bound)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Word:
    """A person's yes or no to what stands in place of hunks."""

    yes: bool
    hunks: Sequence[SettledHunk]
    conflict: str = ""
    who: str = ""
    commit: str = ""
    event: str = ""


@dataclass
class _Reading:
    """The fold itself. What was undone is known only at the end, so words are kept until then."""

    lesson: LessonLearned = field(default_factory=LessonLearned)
    words: list[_Word] = field(default_factory=list)
    made: dict[str, ConflictResolved] = field(default_factory=dict)
    """Commit -> the first conflict.resolved of it: each conflict that one merge settles has its own."""
    undone: set[str] = field(default_factory=set)
    asked: dict[str, Shown] = field(default_factory=dict)

    def take(self, record: Record) -> None:
        match record.body:
            case LessonLearned(subject=subject) as lesson if subject == SUBJECT:
                self.lesson = lesson
            case ApprovalRequested(kind="resolution") as request:
                self.asked[request.approval] = request.shown
            case ApprovalDecided(choice="reject") as decision:
                shown = self.asked.pop(decision.approval, Shown())
                self.words.append(_Word(yes=False, hunks=shown.hunks))
            case ConflictResolved() as resolved if resolved.undone:
                self._take_undone(resolved.undone)
            case ConflictResolved(status=ConflictStatus.RESOLVED) as resolved:
                self._take_resolved(record.id, resolved)
            case _:
                return

    def _take_resolved(self, event: str, resolved: ConflictResolved) -> None:
        if resolved.commit in self.made:
            return
        self.made[resolved.commit] = resolved
        if resolved.who.startswith(_PERSON):
            self.words.append(
                _Word(
                    yes=True,
                    hunks=resolved.hunks,
                    conflict=resolved.conflict,
                    who=resolved.who,
                    commit=resolved.commit,
                    event=event,
                )
            )

    def _take_undone(self, commit: str) -> None:
        """What one answered oneself and took back says nothing; of what another answered it is a no."""
        made = self.made.get(commit)
        if commit in self.undone or made is None:
            return
        self.undone.add(commit)
        if made.how in (How.AGENT, How.AUTOMATIC):
            self.words.append(_Word(yes=False, hunks=made.hunks))

    @property
    def history(self) -> Mapping[str, Tally]:
        return self.lesson.classes

    def _standing(self) -> list[_Word]:
        return [word for word in self.words if not word.yes or word.commit not in self.undone]

    def repeats(self) -> dict[str, Precedent]:
        """A text that redaction changed is not one to repeat, and neither is one that a person turned down since."""
        found: dict[str, Precedent] = {}
        for word in self._standing():
            for hunk in word.hunks:
                if digest(hunk.text) != hunk.text_digest:
                    continue
                if word.yes:
                    found[hunk.key] = Precedent(
                        text=hunk.text,
                        conflict=word.conflict,
                        who=word.who,
                        commit=word.commit,
                        event=word.event,
                    )
                elif hunk.key in found and found[hunk.key].text == hunk.text:
                    del found[hunk.key]
        return found

    def people(self) -> dict[str, Tally]:
        """A yes is for or against the class; a no is against it only where the class would have said the same."""
        found: dict[str, Tally] = {}
        for word in self._standing():
            # The same hunk in two files was one decision.
            for hunk in {one.key: one for one in word.hunks}.values():
                name = hunk.kind
                if not name or not (word.yes or hunk.as_proposed):
                    continue
                right = word.yes and bool(hunk.as_proposed)
                found[name] = found.get(name, Tally()).plus(right=right)
        return found
