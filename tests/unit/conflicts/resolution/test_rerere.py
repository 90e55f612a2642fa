"""Which answers of people are repeated: a fold over what they took, edited, approved, rejected and undid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import count

import pytest

from devassist.conflicts.resolution.marked import HunkText, MarkedText
from devassist.conflicts.resolution.rerere import SUBJECT, Precedents, repetition, settled_hunks
from devassist.conflicts.resolution.three_way_merge import ConflictingFile
from devassist.domain.events import (
    ApprovalDecided,
    ApprovalRequested,
    ConflictResolved,
    Event,
    Fact,
    LearnedMerge,
    LessonLearned,
    Record,
)
from devassist.domain.events.decisions import Repeat, Shown
from devassist.store.facts import to_data, to_fact

IMPORTS = MarkedText((HunkText("", "import a\n", "import b\n"), "end\n"))
KEY = IMPORTS.hunks[0].key
BOTH, OTHER = "import a\nimport b\nend\n", "import b\nend\n"
ME = "person Ada"
_numbers = count(1)


def record(fact: Fact) -> Record:
    number = next(_numbers)
    return Record(seq=number, at="2026-01-01T00:00:00Z", event=Event(fact, id=f"e{number}"))


def settled(text: str, commit: str, *, how: str = "edit", who: str = ME, conflict: str = "c-1") -> Record:
    hunks = tuple(settled_hunks("a.py", IMPORTS, text))
    return record(ConflictResolved(conflict=conflict, how=how, who=who, commit=commit, hunks=hunks))


def undone(commit: str) -> Record:
    return record(
        to_fact(ConflictResolved.type, {"conflict": "c-1", "status": "open", "who": ME, "undone": commit})
    )


def requested(text: str) -> Record:
    shown = Shown(hunks=tuple(settled_hunks("a.py", IMPORTS, text)))
    return record(ApprovalRequested(approval="a-1", kind="resolution", shown=shown))


def decided(choice: str) -> Record:
    return record(to_fact(ApprovalDecided.type, {"approval": "a-1", "choice": choice, "who": ME}))


def learned(*texts: str) -> Record:
    merges = tuple(
        LearnedMerge(commit=f"m{number}", who="person Bo", hunks=tuple(settled_hunks("a.py", IMPORTS, text)))
        for number, text in enumerate(texts)
    )
    return record(LessonLearned(subject=SUBJECT, answers=merges))


@pytest.mark.parametrize(
    ("records", "text"),
    [
        ([settled(BOTH, "1")], "import a\nimport b\n"),
        ([settled(OTHER, "1", how="take")], "import b\n"),
        ([settled(OTHER, "1"), settled(BOTH, "2")], "import a\nimport b\n"),
        # Nobody looked.
        ([settled(BOTH, "1", how="agent", who="agent t/integrator")], None),
        ([settled(BOTH, "1", how="automatic", who="policy")], None),
        # A person approved what the integrator made.
        ([settled(BOTH, "1", how="agent")], "import a\nimport b\n"),
        ([requested(BOTH), decided("reject")], None),
        ([requested(BOTH), decided("approve")], None),
        ([settled(BOTH, "1"), requested(BOTH), decided("reject")], None),
        ([settled(BOTH, "1"), requested(OTHER), decided("reject")], "import a\nimport b\n"),
        # What a person takes back of their own is as if it had not been; of another's it is a no.
        ([settled(OTHER, "1"), undone("1")], None),
        ([settled(OTHER, "1"), settled(BOTH, "2"), undone("2")], "import b\n"),
        ([settled(BOTH, "1", how="agent"), undone("1")], None),
        # Undoing a repeat ends the repeating, until a person says it anew.
        ([settled(OTHER, "1"), settled(OTHER, "2", how="automatic", who="policy"), undone("2")], None),
        (
            [
                settled(OTHER, "1"),
                settled(OTHER, "2", how="automatic", who="policy"),
                undone("2"),
                settled(OTHER, "3"),
            ],
            "import b\n",
        ),
        # The newest merge of the history counts; a decision in the log counts more, and so does a rejection.
        ([learned(OTHER, BOTH)], "import b\n"),
        ([learned(OTHER), learned()], None),
        ([settled(BOTH, "1"), learned(OTHER)], "import a\nimport b\n"),
        ([learned(BOTH), requested(BOTH), decided("reject")], None),
    ],
)  # fmt: skip
def test_only_what_a_person_decided_is_repeated(records: Sequence[Record], text: str | None) -> None:
    answers = Precedents.of(records).by_hunk()
    assert {key: precedent.text for key, precedent in answers.items()} == ({KEY: text} if text else {})


def test_a_text_that_redaction_changed_is_not_repeated() -> None:
    event = settled(OTHER, "1").body
    assert isinstance(event, ConflictResolved)
    hunks = tuple(replace(hunk, text="[redacted]\n") for hunk in event.hunks)
    assert Precedents.of([record(replace(event, hunks=hunks))]).by_hunk() == {}


def test_a_lesson_about_classes_that_an_earlier_version_recorded_is_read_and_teaches_nothing() -> None:
    classes = {"both-added-imports": {"right": 300, "total": 300, "lower_bound": 0.98, "trusted": True}}
    old = to_fact(LessonLearned.type, {"subject": "conflict classes", "merges": 3, "classes": classes})
    assert isinstance(old, LessonLearned) and old.merges == 3
    assert Precedents.of([record(old)]).by_hunk() == {}
    data = {**to_data(settled(OTHER, "1").body), "conflict": "c-1"}
    hunks = [{**hunk, "class": "both-added-imports", "as_proposed": True} for hunk in data["hunks"]]
    assert set(
        Precedents.of([record(to_fact(ConflictResolved.type, {**data, "hunks": hunks}))]).by_hunk()
    ) == {KEY}


def file(marked: MarkedText | None) -> ConflictingFile:
    return ConflictingFile(
        path="a.py", kinds=("content",), base="", ours="", theirs="", marked=marked, conflicts=()
    )


def test_a_repeat_names_whose_decision_it_repeats() -> None:
    original = settled(OTHER, "1")
    answer = repetition([file(IMPORTS)], Precedents.of([original]).by_hunk())
    assert answer is not None
    assert answer.edits == {"a.py": OTHER}
    assert answer.reason == "repeat: person Ada settled the same hunk in c-1"
    (precedent,) = answer.precedents
    assert precedent.named == Repeat(conflict="c-1", who=ME, commit="1", event=original.id)
    of_history = repetition([file(IMPORTS)], Precedents.of([learned(OTHER)]).by_hunk())
    assert of_history is not None
    assert of_history.reason == "repeat: person Bo settled the same hunk in m0"


def test_one_hunk_without_an_answer_leaves_all_of_them_to_somebody() -> None:
    answers = Precedents.of([settled(OTHER, "1")]).by_hunk()
    unknown = MarkedText((HunkText("x\n", "y\n", "z\n"),))
    both = MarkedText((*IMPORTS.parts, *unknown.parts))
    assert repetition([file(both)], answers) is None
    assert repetition([file(IMPORTS), file(None)], answers) is None, "a deletion or a binary has no hunks"
    assert repetition([], answers) is None
