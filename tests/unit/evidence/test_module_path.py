"""A command that sets PYTHONPATH keeps our hook; nothing else of it is touched."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from devassist.evidence.module_path import with_entry
from support.observed import outcomes, run_observed, write_tree


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("PYTHONPATH=src pytest", "PYTHONPATH=/hook:src pytest"),
        ('A=1 PYTHONPATH="src:a b" pytest', 'A=1 PYTHONPATH="/hook:src:a b" pytest'),
        ("cd x && PYTHONPATH=. pytest", "cd x && PYTHONPATH=/hook:. pytest"),
        ("env PYTHONPATH=$PWD/src pytest", "env PYTHONPATH=/hook:$PWD/src pytest"),
        ("export PYTHONPATH=$(pwd); pytest", "export PYTHONPATH=/hook:$(pwd); pytest"),
    ],
)
def test_an_assignment_gets_one_more_entry(command: str, expected: str) -> None:
    assert with_entry(command, "/hook") == expected


@pytest.mark.parametrize(
    "command",
    [
        "PYTHONPATH= pytest",
        "PYTHONPATH='' pytest",
        "PYTHONPATH=$ELSEWHERE pytest",
        "PYTHONPATH=$PYTHONPATH:src pytest",
        "grep -q 'PYTHONPATH=src' Makefile",
        "echo PYTHONPATH=src",
        "MYPYTHONPATH=src pytest",
        "make test",
    ],
)
def test_other_text_stays_as_it_is(command: str) -> None:
    assert with_entry(command, "/hook") == command


def test_an_entry_that_a_shell_would_read_is_not_inserted() -> None:
    assert with_entry("PYTHONPATH=src pytest", "/a b") == "PYTHONPATH=src pytest"


def test_a_program_that_is_called_by_its_path_reports_nevertheless(tree: Path) -> None:
    write_tree(tree, {"src/lib.py": "", "test_a.py": "import lib\ndef test_a(): pass\n"})
    _, ledger = run_observed(f"PYTHONPATH=src {sys.executable} -m pytest -q", tree)
    assert outcomes(ledger) == {"test_a.py::test_a": "passed"}
