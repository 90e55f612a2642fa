"""Failure lines of outputs that no runner reports case by case."""

from __future__ import annotations

from pathlib import Path

import pytest

from devassist.evidence.failure_lines import failure_lines

TREE = Path("/home/me/work/tree")


def test_the_same_failure_reads_the_same_in_every_run() -> None:
    first = "3 ok\nTypeError: no <f object at 0x7f12> in 0.31s\n/home/me/work/tree/a.c:3:1: error: no\n"
    second = "4 ok\nTypeError: no <f object at 0x9a> in 12 s\na.c:3:1: error: no\n"
    assert failure_lines(first, tree=TREE) == failure_lines(second, tree=TREE)
    assert len(failure_lines(first, tree=TREE)) == 2


def test_an_output_without_a_failure_has_none() -> None:
    assert failure_lines("ok   pkg 0.1s\n12 passed, 0 errors\n", tree=TREE) == ()


def test_a_finding_is_the_same_in_another_line_and_a_second_one_of_its_kind_is_new() -> None:
    before = failure_lines("a.py:1:8: F401 `os` imported but unused\nFound 1 error.\n", tree=TREE)
    moved = failure_lines("a.py:7:8: F401 `os` imported but unused\n", tree=TREE)
    more = failure_lines(
        "a.py:1:8: F401 `os` imported but unused\na.py:9:8: F401 `os` imported but unused\n", tree=TREE
    )
    assert before == moved == more[:1]
    assert len(more) == 2


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a.py:3: error: no", "a.py: error: no"),
        ("./a.go:3:2: unreachable code", "./a.go: unreachable code"),
        ("a.ts(1,2): error TS2304: no", "a.ts: error TS2304: no"),
        ("  1:10  error  no  no-unused-vars", "error  no  no-unused-vars"),
        (" --> a.py:1:8", "--> a.py"),
        ("F401 [*] `os` imported but unused", "F401 [*] `os` imported but unused"),
        ("would reformat a.py", "would reformat a.py"),
    ],
)
def test_the_findings_of_linters_and_compilers_are_failures(line: str, said: str) -> None:
    assert failure_lines(f"{line}\n12:30: all is well\n", tree=TREE) == (said,)
