"""The three-way view: answers by hunk, taken back, skipped and left."""

from __future__ import annotations

import pytest
from rich.text import Text

from devassist.app.conflicts.open_conflict import OpenHunk
from devassist.cli.view.three_way import ThreeWay
from devassist.conflicts.resolution.marked import HunkText
from devassist.domain.errors import Interrupted


def session(*typed: str) -> tuple[ThreeWay, list[str]]:
    hunks = [
        OpenHunk(path="a.py", symbol="C.f", hunk=HunkText("0\n", "1\n", "2\n")),
        OpenHunk(path="b.txt", symbol="", hunk=HunkText("", "x\n", "y\n")),
    ]
    left, shown = iter(typed), list[str]()

    def show(text: Text) -> None:
        shown.append(text.plain)

    made = ThreeWay(
        hunks=hunks, names=("left", "right"), ask=lambda _prompt: next(left), show=show, edit=lambda _one: "edited\n"
    )  # fmt: skip
    return made, shown


@pytest.mark.parametrize(
    ("typed", "answers"),
    [
        (("a", "b", "y"), ["1\n", "y\n"]),
        (("ab", "ba", "y"), ["1\n2\n", "y\nx\n"]),
        (("o", "e", "y"), ["0\n", "edited\n"]),
        (("a", "u", "b", "a", "y"), ["2\n", "x\n"]),
        (("a", "a", "u", "b", "y"), ["1\n", "y\n"]),
        (("s", "a", "r", "b", "y"), ["2\n", "x\n"]),
        (("s", "a", "u", "u", "a", "b", "y"), ["1\n", "y\n"]),
        (("nonsense", "A", " b ", "what", "y"), ["1\n", "y\n"]),
        (("u", "a", "a", "y"), ["1\n", "x\n"]),
    ],
)
def test_each_hunk_gets_the_answer_that_was_typed_last(typed: tuple[str, ...], answers: list[str]) -> None:
    made, _shown = session(*typed)
    assert made.run() == answers


def test_symbol_base_and_both_sides_are_shown() -> None:
    made, shown = session("a", "a", "y")
    made.run()
    text = "\n".join(shown)
    assert "hunk 1 of 2: a.py, C.f" in text
    assert text.index("as it was") < text.index("a: left") < text.index("b: right")
    assert "(nothing)" in text


@pytest.mark.parametrize("typed", [("q",), ("a", "q"), ("a", "s", "q"), ("a", "a", "q")])
def test_quitting_changes_nothing(typed: tuple[str, ...]) -> None:
    with pytest.raises(Interrupted, match="nothing is changed"):
        session(*typed)[0].run()
