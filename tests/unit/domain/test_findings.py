"""The end of a command's output."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from devassist.domain.findings import last_lines


def test_the_last_lines_are_whole_ones() -> None:
    assert last_lines("first\nsecond line\nthird line\n", characters=22) == "second line\nthird line"
    assert last_lines("first\nsecond line\nthird line\n", characters=20) == "third line"


def test_only_a_line_that_fills_the_room_alone_is_cut() -> None:
    assert last_lines("x\n" + "y" * 30, characters=10) == "... " + "y" * 10


def test_few_lines_stay_as_they_are() -> None:
    assert last_lines("a\nb") == "a\nb"
    assert last_lines("") == ""


@given(st.lists(st.text("abc", min_size=1, max_size=40), max_size=40))
def test_every_line_but_a_cut_one_is_a_line_of_the_output(lines: list[str]) -> None:
    kept = last_lines("\n".join(lines), most=5, characters=60).splitlines()
    assert len(kept) <= 5
    assert all(line in lines for line in kept)
