"""What the log teaches of earlier resolutions: a fold over what people took, edited, approved, rejected and undid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import count
from typing import Any

import pytest

from devassist.conflicts.resolution.experience import SUBJECT, Experience, unattended
from devassist.conflicts.resolution.marked import HunkText, MarkedText
from devassist.conflicts.resolution.rerere import remembered
from devassist.conflicts.resolution.three_way_merge import ConflictingFile
from devassist.domain.events import EventType, Record, Repeat
from devassist.domain.resolutions import Tally
from support.facts import data_of
from support.facts import event as event_of

IMPORTS = MarkedText((HunkText("", "import a\n", "import b\n"), "end\n"))
KEY = IMPORTS.hunks[0].key
CLASS = "both-added-imports"
AS_PROPOSED, OTHERWISE = "import a\nimport b\nend\n", "import b\nend\n"
ME = "person Ada"
_numbers = count(1)


def told(type_: EventType, **data: Any) -> Record:
    number = next(_numbers)
    return Record(
        seq=number,
        at="2026-01-01T00:00:00Z",
        event=event_of(type_, id=f"e{number}", data=data),
    )


def settled(text: str, commit: str, *, how: str = "edit", who: str = ME, conflict: str = "c-1") -> Record:
    return told(
        EventType.CONFLICT_RESOLVED,
        conflict=conflict,
        status="resolved",
        how=how,
        who=who,
        commit=commit,
        hunks=[asdict(hunk) for hunk in remembered("a.py", IMPORTS, text)],
    )


def undone(commit: str) -> Record:
    return told(EventType.CONFLICT_RESOLVED, conflict="c-1", status="open", who=ME, undone=commit)


def asked(text: str) -> Record:
    shown = {"hunks": [asdict(hunk) for hunk in remembered("a.py", IMPORTS, text)]}
    return told(EventType.APPROVAL_REQUESTED, approval="a-1", kind="resolution", shown=shown)


def said(choice: str) -> Record:
    return told(EventType.APPROVAL_DECIDED, approval="a-1", choice=choice, who=ME)


LESSON = told(
    EventType.LESSON_LEARNED, subject=SUBJECT, classes={CLASS: Tally(right=300, total=300).as_json()}
)


@pytest.mark.parametrize(
    ("records", "tally", "text"),
    [
        ([settled(AS_PROPOSED, "1")], (1, 1), "import a\nimport b\n"),
        ([settled(OTHERWISE, "1", how="take")], (0, 1), "import b\n"),
        ([settled(OTHERWISE, "1"), settled(AS_PROPOSED, "2")], (1, 2), "import a\nimport b\n"),
        # One merge settles two conflicts: one decision.
        ([settled(AS_PROPOSED, "1"), settled(AS_PROPOSED, "1", conflict="c-2")], (1, 1), "import a\nimport b\n"),
        # Nobody looked.
        ([settled(AS_PROPOSED, "1", how="agent", who="agent t/integrator")], None, None),
        ([settled(AS_PROPOSED, "1", how="automatic", who="policy")], None, None),
        # A person approved what the integrator made.
        ([settled(AS_PROPOSED, "1", how="agent")], (1, 1), "import a\nimport b\n"),
        ([settled(OTHERWISE, "1", how="agent")], (0, 1), "import b\n"),
        # Rejected: against the class only where the class would have done the same.
        ([asked(AS_PROPOSED), said("reject")], (0, 1), None),
        ([asked(OTHERWISE), said("reject")], None, None),
        ([asked(AS_PROPOSED), said("approve")], None, None),
        # What a person takes back of their own is as if it had not been; of another's it is a no.
        ([settled(OTHERWISE, "1"), undone("1")], None, None),
        ([settled(AS_PROPOSED, "1", how="automatic", who="policy"), undone("1"), undone("1")], (0, 1), None),
        ([settled(AS_PROPOSED, "1", how="agent"), undone("1")], (0, 1), None),
        ([settled(OTHERWISE, "1", how="agent"), undone("1")], None, None),
        # Undoing a repeat ends the repeating, until a person says it anew.
        (
            [settled(OTHERWISE, "1"), settled(OTHERWISE, "2", how="automatic", who="policy"), undone("2")],
            (0, 1),
            None,
        ),
        (
            [
                settled(OTHERWISE, "1"),
                settled(OTHERWISE, "2", how="automatic", who="policy"),
                undone("2"),
                settled(OTHERWISE, "3"),
            ],
            (0, 2),
            "import b\n",
        ),
    ],
)  # fmt: skip
def test_a_persons_word_is_for_or_against_and_nobody_elses_is(
    records: Sequence[Record], tally: tuple[int, int] | None, text: str | None
) -> None:
    known = Experience.of(records)
    assert known.people == ({CLASS: Tally(right=tally[0], total=tally[1])} if tally else {})
    assert {key: one.text for key, one in known.repeats.items()} == ({KEY: text} if text else {})


def test_a_text_that_redaction_changed_is_not_repeated() -> None:
    record = settled(OTHERWISE, "1")
    hunks = [{**one, "text": "[redacted]\n"} for one in data_of(record)["hunks"]]
    assert Experience.of([told(record.type, **{**data_of(record), "hunks": hunks})]).repeats == {}


def test_history_and_people_are_told_apart_and_count_together() -> None:
    known = Experience.of([LESSON, settled(OTHERWISE, "1")])
    assert known.history == {CLASS: Tally(right=300, total=300)}
    assert known.people == {CLASS: Tally(right=0, total=1)}
    assert known.classes == {CLASS: Tally(right=300, total=301)}


def file(marked: MarkedText | None) -> ConflictingFile:
    return ConflictingFile(
        path="a.py", kinds=("content",), base="", ours="", theirs="", marked=marked, conflicts=()
    )


def test_a_repeat_names_whose_word_it_repeats_and_goes_before_a_class() -> None:
    record = settled(OTHERWISE, "1")
    answer = unattended([file(IMPORTS)], Experience.of([LESSON, record]))
    assert answer is not None
    assert (answer.edits, answer.choice, answer.confidence) == ({"a.py": OTHERWISE}, "repeat", 1.0)
    assert answer.reason == "repeat: person Ada settled the same hunk in c-1"
    (named,) = [one.named for one in answer.precedents]
    assert named == Repeat(conflict="c-1", who=ME, commit="1", event=record.id)


def test_a_class_says_how_sure_it_is() -> None:
    answer = unattended([file(IMPORTS)], Experience.of([LESSON]))
    assert answer is not None
    assert (answer.edits, answer.choice, answer.precedents) == ({"a.py": AS_PROPOSED}, CLASS, [])
    assert answer.confidence == Tally(right=300, total=300).lower_bound
    assert "right in 300 of 300" in answer.reason


def test_one_hunk_without_an_answer_leaves_all_of_them_to_somebody() -> None:
    known = Experience.of([settled(OTHERWISE, "1")])
    unknown = MarkedText((HunkText("x\n", "y\n", "z\n"),))
    both = MarkedText((*IMPORTS.parts, *unknown.parts))
    assert unattended([file(both)], known) is None
    assert unattended([file(IMPORTS), file(None)], known) is None, "a deletion or a binary has no hunks"
    assert unattended([], known) is None
