"""Ledgers of tests and how they differ."""

from __future__ import annotations

import pytest

from devassist.domain.ledger import CaseStatus, Ledger, difference

PASSED, FAILED, SKIPPED, XFAILED = CaseStatus


def ledger(exit_code: int = 0, runner: str = "pytest", **cases: CaseStatus) -> Ledger:
    return Ledger(command="pytest", exit_code=exit_code, runner=runner, cases=cases)


def test_a_case_that_fails_now_is_new_only_if_it_did_not_fail_on_the_base() -> None:
    found = difference(ledger(1, old=FAILED, a=PASSED), ledger(1, old=FAILED, a=FAILED, b=FAILED))
    assert (found.known_failures, found.new_failures) == (("old",), ("a", "b"))


@pytest.mark.parametrize("idle", [SKIPPED, XFAILED])
def test_a_case_that_ran_and_is_skipped_or_expected_to_fail_now_is_skipped_newly(idle: CaseStatus) -> None:
    found = difference(ledger(a=PASSED, b=idle, c=FAILED), ledger(a=idle, b=idle, c=idle, d=idle))
    assert found.skipped_newly == ("a", "c")
    assert not found.new_failures


def test_a_case_that_ran_and_is_absent_now_has_vanished_unless_it_was_moved() -> None:
    found = difference(ledger(a=PASSED, b=PASSED, c=SKIPPED), ledger(new_b=PASSED), moved={"b": "new_b"})
    assert (found.vanished, found.added, dict(found.moved)) == (("a",), (), {"b": "new_b"})


def test_a_moved_case_that_fails_now_is_a_new_failure() -> None:
    found = difference(ledger(b=PASSED), ledger(1, new_b=FAILED), moved={"b": "new_b"})
    assert found.new_failures == ("new_b",)


def test_a_failed_case_that_passes_now_is_fixed() -> None:
    assert difference(ledger(1, a=FAILED), ledger(a=PASSED)).fixed == ("a",)


def test_a_failed_case_counts_whatever_the_exit_code_says() -> None:
    assert not ledger(0, a=FAILED).passes
    assert ledger(0, a=PASSED).passes


def test_a_runner_that_never_reported_its_end_does_not_pass() -> None:
    assert not Ledger(command="pytest", exit_code=0, runner="pytest", complete=False).passes


def test_skipped_cases_alone_are_no_run() -> None:
    assert ledger(a=SKIPPED, b=XFAILED).ran_nothing
    assert not ledger(a=PASSED).ran_nothing
    assert not Ledger(command="make check", exit_code=0).ran_nothing
