"""The rules of the gate, without running anything."""

from __future__ import annotations

import pytest

from devassist.domain.ledger import CaseStatus, Ledger
from devassist.domain.verdicts import (
    JudgedCheck,
    Judgement,
    Verification,
    compared,
    differs_held_out,
    ending,
    own_problem,
    project_problem,
)

PASSED, FAILED, SKIPPED, _ = CaseStatus


def ledger(
    exit_code: int = 0, *, runner: str = "pytest", failures: tuple[str, ...] = (), **cases: CaseStatus
) -> Ledger:
    return Ledger(command="check", exit_code=exit_code, runner=runner, cases=cases, failures=failures)


def plain(exit_code: int, *failures: str) -> Ledger:
    return ledger(exit_code, runner="", failures=failures)


def problem(now: Ledger, reference: Ledger) -> str:
    return project_problem(now, reference, compared(now, reference, moved={}))


@pytest.mark.parametrize(
    ("now", "reference"),
    [
        (ledger(a=PASSED), ledger(a=PASSED)),
        (ledger(1, a=PASSED, red=FAILED), ledger(1, a=PASSED, red=FAILED)),
        (ledger(1, a=PASSED), ledger(1, a=PASSED)),
        (plain(1, "a.c: error: old"), plain(1, "a.c: error: old", "b.c: error: older")),
        (plain(0), plain(1)),
    ],
    ids=["passes", "fails as before", "fails by coverage as before", "fewer lines", "mended"],
)
def test_what_fails_in_nothing_new_lands(now: Ledger, reference: Ledger) -> None:
    assert problem(now, reference) == ""


@pytest.mark.parametrize(
    ("now", "reference"),
    [
        (ledger(1, a=FAILED, red=FAILED), ledger(1, a=PASSED, red=FAILED)),
        (ledger(0, a=FAILED), ledger(a=PASSED)),
        (ledger(1, new=FAILED), ledger(a=PASSED)),
        (ledger(5), ledger(5)),
        (ledger(4), ledger(4)),
        (ledger(2, a=PASSED), ledger(1, a=PASSED)),
        (plain(1), plain(1)),
        (plain(127, "x: error: y"), plain(127, "x: error: y")),
        (plain(-9, "x: error: y"), plain(1, "x: error: y")),
        (plain(1, "a: error: new"), plain(1, "a: error: old")),
        (plain(1, "a: error: old"), plain(0)),
    ],
    ids=["a new failure", "an exit code of 0", "a new test", "nothing collected", "usage", "another exit code",
         "nothing named", "no program", "killed", "another line", "passed before"],
)  # fmt: skip
def test_what_fails_in_anything_else_does_not(now: Ledger, reference: Ledger) -> None:
    assert problem(now, reference)


@pytest.mark.parametrize(
    "now", [ledger(1, a=FAILED), ledger(0), ledger(5), ledger(0, a=SKIPPED), plain(1), plain(127)]
)
def test_an_own_check_holds_only_if_it_passes_and_ran_something(now: Ledger) -> None:
    assert own_problem(now)


def test_an_ending_names_the_tests_the_signal_or_the_missing_program() -> None:
    assert ending(ledger(1, a=FAILED, b=FAILED, c=FAILED, d=FAILED)) == "fails in a, b, c and 1 more"
    assert ending(plain(-9)) == "was killed by signal 9"
    assert "cannot start" in ending(plain(127))


def test_held_out_only_what_passed_before_and_passes_now_counts() -> None:
    reference = ledger(1, kept=PASSED, weak=PASSED, broken=PASSED, red=FAILED)
    now = ledger(1, kept=PASSED, weak=PASSED, broken=FAILED, red=PASSED, new=PASSED)
    held_out = ledger(1, kept=PASSED, weak=FAILED, broken=FAILED, red=FAILED)
    assert differs_held_out(reference, now, held_out, moved={}) == ("weak",)


def test_a_moved_case_is_held_out_under_its_old_name() -> None:
    reference, now = ledger(old=PASSED), ledger(new=PASSED)
    assert differs_held_out(reference, now, ledger(1, old=FAILED), moved={"old": "new"}) == ("old",)
    assert differs_held_out(reference, now, ledger(old=PASSED), moved={"old": "new"}) == ()


@pytest.mark.parametrize(
    ("check", "verification"),
    [
        (JudgedCheck(command="t", own=False, exit_code=1, runner="pytest", passed=3), Verification.TESTS),
        (JudgedCheck(command="t", own=False, exit_code=0, runner="pytest"), Verification.NONE),
        (JudgedCheck(command="t", own=False, exit_code=0, vanished=("a",)), Verification.NONE),
        (JudgedCheck(command="t", own=False, exit_code=0), Verification.CHECKS),
        (JudgedCheck(command="t", own=False, exit_code=1), Verification.NONE),
        (
            JudgedCheck(command="t", own=True, exit_code=0, runner="pytest", passed=1, problem="no"),
            Verification.NONE,
        ),
        (
            JudgedCheck(
                command="t", own=False, exit_code=0, runner="pytest", passed=1, foreign=("a from /b",)
            ),
            Verification.NONE,
        ),
    ],
)
def test_a_check_verifies_by_what_it_ran(check: JudgedCheck, verification: Verification) -> None:
    assert check.verifies is verification


def test_what_is_unverified_for_its_modules_come_from_elsewhere_names_them() -> None:
    check = JudgedCheck(
        command="pytest", own=False, exit_code=0, runner="pytest", passed=1, foreign=("a from /b",)
    )
    (reason,) = Judgement(checks=(check,)).unverified
    assert "'pytest' imports a from /b" in reason
    assert "PYTHONPATH=src" in reason
    assert Judgement(checks=(check,), verification=Verification.REVIEW).unverified == []
    assert Judgement().unverified == ["no check and no review says anything of it"]


def _judgement(*vanished: str) -> Judgement:
    return Judgement(checks=(JudgedCheck(command="t", own=False, exit_code=0, vanished=vanished),))


def test_what_an_approval_of_doubts_binds_to_is_the_cases_and_not_their_order() -> None:
    assert _judgement("a", "b").doubted == _judgement("b", "a").doubted
    assert _judgement("a", "b").doubted != _judgement("a", "c").doubted
