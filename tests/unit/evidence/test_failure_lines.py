"""Failure lines of outputs that no runner reports case by case."""

from __future__ import annotations

from pathlib import Path

from devassist.evidence.failure_lines import failure_lines

TREE = Path("/home/me/work/tree")


def test_the_same_failure_reads_the_same_in_every_run() -> None:
    first = "3 ok\nTypeError: no <f object at 0x7f12> in 0.31s\n/home/me/work/tree/a.c:3:1: error: no\n"
    second = "4 ok\nTypeError: no <f object at 0x9a> in 12 s\na.c:3:1: error: no\n"
    assert failure_lines(first, tree=TREE) == failure_lines(second, tree=TREE)
    assert len(failure_lines(first, tree=TREE)) == 2


def test_an_output_without_a_failure_has_none() -> None:
    assert failure_lines("ok   pkg 0.1s\n12 passed, 0 errors\n", tree=TREE) == ()
