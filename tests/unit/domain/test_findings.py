"""The end of a command's output."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devassist.domain.findings import check_line, last_lines
from devassist.domain.verdicts import JudgedCheck


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


@pytest.mark.parametrize(
    ("code", "base", "said"),
    [
        (0, 1, "exit code 0"),
        (1, 1, "exit code 1 as on the base"),
        (2, 1, "exit code 2 (1 on the base)"),
        (1, 0, "exit code 1"),
    ],
)
def test_a_failing_check_is_compared_with_the_base_by_its_exit_code(code: int, base: int, said: str) -> None:
    check = JudgedCheck(command="make", own=False, exit_code=code, base_exit_code=base)
    assert check_line(check) == f"check make: {said}"
