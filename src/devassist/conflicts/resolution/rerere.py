"""What was put in place of hunks before, and by whom, recognised by their texts. Pure; records come from the log."""

from __future__ import annotations

from dataclasses import dataclass

from devassist.conflicts.resolution.automatic import proposal
from devassist.conflicts.resolution.marked import CHOICES, MarkedText
from devassist.domain.events import Repeat, SettledHunk
from devassist.domain.hashing import digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Precedent:
    """A person's answer to a hunk. `conflict`, `commit` and `event` say where in the log it stands."""

    text: str
    conflict: str
    who: str
    commit: str
    event: str

    @property
    def named(self) -> Repeat:
        """As a decision that repeats it names it; the text is in the resolution itself."""
        return Repeat(conflict=self.conflict, who=self.who, commit=self.commit, event=self.event)

    def __str__(self) -> str:
        return f"{self.who} settled the same hunk in {self.conflict}"


def remembered(path: str, marked: MarkedText, text: str) -> list[SettledHunk]:
    """Each hunk of a file with its answer in `text`; none if more than the hunks was changed."""
    answers = marked.answers_in(text)
    if answers is None or _undecoded(text):
        return []
    found: list[SettledHunk] = []
    for hunk, answer in zip(marked.hunks, answers, strict=True):
        proposed = proposal(path, hunk)
        found.append(
            SettledHunk(
                key=hunk.key,
                path=path,
                choice=next((choice for choice in CHOICES if hunk.taking(choice) == answer), "own"),
                text=answer,
                text_digest=digest(answer),
                kind=proposed.name if proposed is not None else "",
                as_proposed=proposed is not None and proposed.text == answer,
            )
        )
    return found


def _undecoded(text: str) -> bool:
    """Whether a file is no UTF-8: its bytes would not come back from the log as they were."""
    return any("\ud800" <= character <= "\udfff" for character in text)
