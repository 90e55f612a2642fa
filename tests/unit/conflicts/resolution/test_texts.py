"""Files with conflict markers in parts, and what survives of them."""

from __future__ import annotations

import random

import pytest

from devassist.conflicts.resolution.dropped_lines import dropped_lines
from devassist.conflicts.resolution.marked import (
    HunkChoice,
    HunkText,
    MarkedText,
    lines_of,
    marker_lines,
    read_marked,
)
from devassist.conflicts.resolution.places import symbols_around
from devassist.conflicts.resolution.rerere import settled_hunks

OURS, THEIRS = "a" * 40, "b" * 40
HUNK = HunkText("two\n", "TWO\n", "2\n")
FILE = MarkedText(("one\n", HUNK, "three\n"))


def as_git_writes(marked: MarkedText) -> str:
    return marked.marked(OURS, THEIRS, "base")


def sides(marked: MarkedText) -> dict[str, str]:
    return {
        str(choice): marked.resolved([hunk.taking(choice) for hunk in marked.hunks])
        for choice in (HunkChoice.BASE, HunkChoice.OURS, HunkChoice.THEIRS)
    }


def test_what_git_wrote_is_read_back_in_parts() -> None:
    assert read_marked(as_git_writes(FILE), (OURS, THEIRS), sides(FILE)) == FILE


def test_a_heading_underlined_with_seven_signs_is_no_marker() -> None:
    marked = MarkedText(
        ("Title\n=======\n", HunkText("Old\n=======\n", "New\n=======\n", "Other\n=======\n"), "end\n")
    )
    assert read_marked(as_git_writes(marked), (OURS, THEIRS), sides(marked)) == marked


def test_a_file_without_a_last_line_feed_keeps_it_that_way() -> None:
    marked = MarkedText(("one\n", HunkText("two\n", "TWO", "2\n")))
    read = read_marked(as_git_writes(marked), (OURS, THEIRS), sides(marked))
    assert read == marked
    assert read.resolved([read.hunks[0].taking(HunkChoice.OURS)]) == "one\nTWO"
    assert read.resolved([read.hunks[0].taking(HunkChoice.OURS_THEIRS)]) == "one\nTWO\n2\n"


def test_a_text_that_merged_has_no_hunks() -> None:
    assert read_marked("<<<<<<< somebody else's\n", (OURS, THEIRS), {}).hunks == ()


def test_random_files_come_back_as_they_were_marked() -> None:
    chance = random.Random(7)

    def text(most: int) -> str:
        return "".join(
            f"{chance.choice(('x', '=======', '}', 'y'))}{chance.randint(0, 5)}\n"
            for _ in range(chance.randint(0, most))
        )

    for _ in range(200):
        parts: list[str | HunkText] = []
        for _ in range(chance.randint(1, 4)):
            parts += ["clean\n" + text(3), HunkText(text(3), "ours\n" + text(2), "theirs\n" + text(2))]
        marked = MarkedText((*parts, "end\n"))
        assert read_marked(as_git_writes(marked), (OURS, THEIRS), sides(marked)) == marked


@pytest.mark.parametrize("choice", HunkChoice)
def test_the_answer_is_found_again_in_a_resolved_file(choice: HunkChoice) -> None:
    answer = HUNK.taking(choice)
    assert FILE.answers_in(FILE.resolved([answer])) == (answer,)


def test_no_answer_is_claimed_where_more_than_the_hunk_was_changed() -> None:
    assert FILE.answers_in("ONE\nTWO\nthree\n") is None
    assert FILE.answers_in("one\nTWO\n") is None


def test_markers_that_are_left_are_found_and_lines_that_were_always_so_are_not() -> None:
    assert marker_lines("a\n<<<<<<< x\nb\n=======\n>>>>>>> y\n") == [2, 4, 5]
    assert marker_lines("Title\n=======\n", "Old title\n=======\n") == []


def test_the_same_conflict_has_one_key_from_either_side() -> None:
    assert (
        HUNK.key
        == HunkText(HUNK.base, HUNK.theirs, HUNK.ours).key
        != HunkText("", HUNK.ours, HUNK.theirs).key
    )


@pytest.mark.parametrize(
    ("resolved", "gone"),
    [
        ("a\nnew\nb\n", []),
        ("a\nb\n", [(2, "new")]),
        ("b\n    new\n", []),  # moved and indented
        ("", [(2, "new")]),  # what the base had may go
    ],
)
def test_added_lines_survive_moved_or_are_listed(resolved: str, gone: list[tuple[int, str]]) -> None:
    found = dropped_lines("left", "f", base="a\nb\n", side="a\nnew\nb\n", resolved=resolved)
    assert [(one.line, one.text) for one in found] == gone


def test_of_a_line_added_twice_that_survives_once_one_is_dropped() -> None:
    found = dropped_lines("left", "f", base="", side="}\n}\n", resolved="}\n")
    assert len(found) == 1


def test_a_file_that_is_no_utf8_is_not_remembered() -> None:
    odd = b"one\n\xff\nthree\n".decode("utf-8", "surrogateescape")
    assert settled_hunks("notes.txt", FILE, odd) == []


def test_the_function_around_a_hunk_is_named() -> None:
    ours = "def f():\n    return 1\n\n\nclass C:\n    def g(self):\n        return 3\n"
    marked = MarkedText(
        (
            "def f():\n",
            HunkText("    return 0\n", "    return 1\n", "    return 2\n"),
            "\n\nclass C:\n    def g(self):\n",
            HunkText("", "        return 3\n", "        return 4\n"),
        )
    )
    assert symbols_around("a.py", ours, marked) == ["f", "C.g"]
    assert symbols_around("a.txt", ours, marked) == ["", ""]


def test_only_a_line_feed_ends_a_line() -> None:
    assert lines_of("a\r\nb\x0cc\nd") == ["a\r\n", "b\x0cc\n", "d"]
