"""What run_checks tells of checks that fail."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.support.tool_session import Desk, desk

from devassist.crew.tools.text.excerpts import excerpt, failure_messages
from devassist.sandbox.unsafe import UnsafeSandbox

PYTEST = f"{sys.executable} -m pytest -q -p no:cacheprovider"
MANY = "import pytest\n\n\n@pytest.mark.parametrize('n', range(300))\ndef test_many(n):\n    assert n != 150, 'n is ' * 40\n"
BROKEN = "def test_old():\n    assert 1 == 2\n\n\ndef test_new():\n    raise ValueError('no luck')\n"
CHECKS = (f"{PYTEST} test_many.py", f"{PYTEST} test_broken.py", "echo fine")


@pytest.fixture
def place(tmp_path: Path) -> Desk:
    known = {CHECKS[1]: ("test_broken.py::test_old",)}
    files = {"test_many.py": MANY, "test_broken.py": BROKEN}
    place = desk(tmp_path, files, sandbox=UnsafeSandbox(), checks=CHECKS, known_failures=known)
    place.session.place.environment["PATH"] = "/usr/bin:/bin"  # type: ignore[index]
    return place


def test_failures_are_named_with_messages_the_new_ones_first(place: Desk) -> None:
    said = place.call("run_checks", only=["broken"])
    assert said.splitlines()[1:5] == [
        "new failures (1):",
        "- test_broken.py::test_new: ValueError: no luck",
        "failed on the base already (1):",
        "- test_broken.py::test_old: assert 1 == 2",
    ]
    assert "    raise ValueError('no luck')" in said
    assert said.endswith("evidence: r-t-coder-1-1-c1\n\n0 of 1 checks passed (of 3 that there are)")


def test_dots_are_no_part_of_what_is_shown(place: Desk) -> None:
    said = place.call("run_checks", only="1")
    assert "....." not in said
    assert "failed (1):\n- test_many.py::test_many[150]: " in said
    assert "[tests: 299 passed, 1 failed: test_many.py::test_many[150]]" in said


def test_checks_are_named_by_number_and_by_parts(place: Desk) -> None:
    assert place.call("run_checks", only=[3]).startswith(
        "$ echo fine\nfine\n[exit code 0]\nevidence: r-t-coder-1-1-c1"
    )
    said = place.call("run_checks", only=["3", "fine", "echo fine"])
    assert said.endswith("1 of 1 checks passed (of 3 that there are)")
    unknown = place.call("run_checks", only=["ruff"])
    assert unknown.startswith("error: only: no check is or has 'ruff'; the checks are:\n1. ")
    assert unknown.endswith("\n3. echo fine")


def test_the_whole_output_of_a_long_failure_can_be_read(tmp_path: Path) -> None:
    place = desk(
        tmp_path,
        {"a": "x"},
        sandbox=UnsafeSandbox(),
        checks=("seq 1 9000; echo 'a.py:3: error: bad'; seq 1 9000; false",),
    )
    said = place.call("run_checks")
    assert len(said) < 6_600
    assert "a.py:3: error: bad" in said
    assert "[all of the output: path='output:r-t-coder-1-1-c1' of read_file and search_code]" in said
    assert place.call(
        "read_file", path="output:r-t-coder-1-1-c1", start_line=9_001, end_line=9_001
    ).startswith(" 9001  a.py:3")


@pytest.mark.parametrize(
    ("output", "case", "message"),
    [
        ("FAILED t.py::test_a[x - y] - assert 1 == 2\n", "t.py::test_a[x - y]", "assert 1 == 2"),
        (
            "____ test_a ____\n\n    def test_a():\n>       assert f()\nE       assert None\n",
            "t.py::test_a",
            "assert None",
        ),
        (
            "FAIL: test_a (mod.Case)\n-----\nTraceback:\n  File x\nAssertionError: 1 != 2\n",
            "mod.Case.test_a",
            "AssertionError: 1 != 2",
        ),
        ("--- FAIL: TestA (0.00s)\n    a_test.go:5: got 1\n", "pkg/TestA", "a_test.go:5: got 1"),
        (
            "---- tests::a stdout ----\nthread 'tests::a' panicked at src/lib.rs:3:\n",
            "tests::a",
            "thread 'tests::a' panicked at src/lib.rs:3:",
        ),
        (
            "  \u25cf suite \u203a adds\n\n    expect(received).toBe(expected)\n\n    Expected: 2\n",
            "suite \u203a adds",
            "Expected: 2",
        ),
        ("____ test_ab ____\nE  no\n", "t.py::test_a", None),
    ],
)
def test_messages_are_found_in_the_words_of_each_runner(output: str, case: str, message: str | None) -> None:
    assert failure_messages(output, [case]).get(case) == message


def test_an_excerpt_has_what_is_around_failures_and_the_end() -> None:
    lines = [f"line {number}" for number in range(2_000)]
    lines[500] = "E   assert 1 == 2"
    shown = excerpt("\n".join(lines), 2_000).splitlines()
    assert shown[0] == "[... 488 lines ...]"
    assert shown[13] == "E   assert 1 == 2"
    assert shown[-1] == "line 1999"
    assert sum(map(len, shown)) < 2_000
