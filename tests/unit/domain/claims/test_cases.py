"""A ledger in brief, and the counts that an output prints where no runner reported."""

from __future__ import annotations

import pytest

from devassist.domain.claims.cases import MOST_FAILURES, CaseCounts, brief
from devassist.domain.ledger import CaseStatus, Ledger

FAILED, PASSED = CaseStatus.FAILED, CaseStatus.PASSED


def test_a_runners_report_is_counted_and_its_failures_named() -> None:
    cases = {"a.py::test_a": PASSED, "a.py::test_b": FAILED, "a.py::test_c": CaseStatus.SKIPPED}
    counts = brief(Ledger(command="pytest", exit_code=1, runner="pytest", cases=cases), "99 passed")
    assert counts.text == "1 passed, 1 failed, 1 skipped: a.py::test_b"
    assert (counts.runner, counts.ran) == ("pytest", 2)


def test_failures_are_named_up_to_a_bound_and_all_are_counted() -> None:
    cases = {f"t::{number}": FAILED for number in range(3 * MOST_FAILURES)}
    counts = brief(Ledger(command="pytest", exit_code=1, runner="pytest", cases=cases), "")
    assert (counts.failed, len(counts.failures)) == (3 * MOST_FAILURES, MOST_FAILURES)
    assert counts.text.endswith(f"t::9 and {3 * MOST_FAILURES - 10} more")


def test_a_run_of_no_case_and_one_that_broke_off_are_said() -> None:
    assert brief(Ledger(command="pytest", exit_code=5, runner="pytest"), "").text == "no test ran"
    broken = Ledger(command="pytest", exit_code=1, runner="pytest", complete=False, cases={"t": PASSED})
    assert brief(broken, "").text == "1 passed; the test run broke off"


@pytest.mark.parametrize(
    ("output", "passed", "failed", "skipped"),
    [
        ("===== 2 failed, 3 passed, 1 skipped in 0.12s =====", 3, 2, 1),
        ("12 passed in 0.1s", 12, 0, 0),
        ("1 failed, 2 errors in 1s", 0, 3, 0),
        ("Ran 12 tests in 0.1s\n\nOK", 12, 0, 0),
        ("Ran 12 tests in 0.1s\n\nFAILED (failures=1, errors=2, skipped=1)", 8, 3, 1),
        ("Tests:       1 failed, 2 skipped, 3 passed, 6 total", 3, 1, 2),
        ("  5 passing (20ms)\n  1 failing", 5, 1, 0),
        ("# tests 4\n# pass 3\n# fail 1\n# skipped 0", 3, 1, 0),
        ("\u2139 pass 3\n\u2139 fail 0", 3, 0, 0),
        ("test result: ok. 2 passed; 0 failed; 1 ignored\ntest result: FAILED. 3 passed; 1 failed; 0 ignored", 5, 1, 1),
    ],
)  # fmt: skip
def test_the_summary_of_an_output_is_read_where_no_runner_reported(
    output: str, passed: int, failed: int, skipped: int
) -> None:
    counts = brief(Ledger(command="x", exit_code=0), output)
    assert (counts.passed, counts.failed, counts.skipped) == (passed, failed, skipped)
    assert counts.counted
    assert counts.runner == ""


def test_an_output_without_counts_has_its_failure_lines_alone() -> None:
    counts = brief(Ledger(command="x", exit_code=1, failures=("FAIL: a",)), "nothing to count")
    assert counts == CaseCounts(failures=("FAIL: a",))
    assert counts.text == ""
