"""What words say of tests."""

from __future__ import annotations

from dataclasses import fields

import pytest

from devassist.domain.claims.statements import (
    Subject,
    TestStatement,
    says_command_fails,
    says_exit_code,
    says_failure,
    says_past,
    statement_on_tests,
)


def said(statement: str) -> dict[str, object]:
    """What the statement says, without what it does not."""
    parsed = statement_on_tests(statement)
    assert parsed is not None
    plain = TestStatement()
    values = {field.name: getattr(parsed, field.name) for field in fields(parsed)}
    return {name: value for name, value in values.items() if value != getattr(plain, name)}


@pytest.mark.parametrize(
    ("statement", "meaning"),
    [
        ("all tests pass", {"all_pass": True}),
        ("All 300 tests pass", {"all_pass": True, "passed": 300}),
        ("12 passed", {"all_pass": True, "passed": 12}),
        ("only test X fails", {"some_fail": True, "only_failing": True, "failing": ("X",)}),
        ("only test_x fails", {"some_fail": True, "only_failing": True, "failing": ("test_x",)}),
        ("test_y fails", {"some_fail": True, "failing": ("test_y",)}),
        ("no failures", {"all_pass": True, "failed": 0}),
        ("suite is green", {"all_pass": True}),
        ("The test suite is green", {"all_pass": True}),
        ("all tests pass except test_x", {"some_fail": True, "only_failing": True, "failing": ("test_x",)}),
        ("all but 2 tests pass", {"some_fail": True, "failed": 2}),
        (
            "only tests/test_x.py::test_b fails, the rest pass",
            {"some_fail": True, "only_failing": True, "failing": ("tests/test_x.py::test_b",)},
        ),
        ("12 passed, 1 failed", {"some_fail": True, "passed": 12, "failed": 1}),
        ("one test fails", {"some_fail": True, "failed": 1}),
        ("298/300 tests pass", {"passed": 298, "total": 300}),
        ("298 of 300 tests pass", {"passed": 298, "total": 300}),
        ("test_add no longer fails", {"passing": ("test_add",)}),
        ("test_new fails before my change", {"some_fail": True, "failing": ("test_new",)}),
        ("no tests fail", {"all_pass": True, "failed": 0}),
        ("none of the tests fail", {"all_pass": True, "failed": 0}),
        ("tests/test_add.py passes", {"passing": ("tests/test_add.py",)}),
        ("all checks pass", {"subject": Subject.CHECKS, "all_pass": True}),
        ("the checks pass", {"subject": Subject.CHECKS, "all_pass": True}),
        ("the existing tests still pass", {"all_pass": True}),
        ("no test failures", {"all_pass": True, "failed": 0}),
        ('test "adds numbers" fails', {"some_fail": True, "failing": ("adds numbers",)}),
        ("TestFoo passes", {"passing": ("TestFoo",)}),
        ("nothing is broken", {"all_pass": True, "failed": 0}),
        ("not all tests pass", {"some_fail": True}),
        ("the tests do not pass", {"some_fail": True}),
        (
            "2 tests fail: test_a and test_b",
            {"some_fail": True, "failing": ("test_a", "test_b"), "failed": 2},
        ),
        (
            "test_a passes and test_b fails",
            {"some_fail": True, "passing": ("test_a",), "failing": ("test_b",)},
        ),
        ("The 3 new tests pass", {"all_pass": True, "passed": 3, "at_least": True}),
        ("the tests pass", {"all_pass": True}),
        ("All tests in tests/test_x.py pass (5 passed)", {"passing": ("tests/test_x.py",), "passed": 5}),
        ("Ran the full test suite: 40 passed, 2 skipped", {"all_pass": True, "passed": 40, "skipped": 2}),
        ("test X fails", {"some_fail": True, "failing": ("X",)}),
        ("added tests for failed logins; all tests pass", {"all_pass": True}),
        (
            "The new test test_foo passes and the full suite passes",
            {"all_pass": True, "passing": ("test_foo",)},
        ),
        ("test_add fails with AssertionError", {"some_fail": True, "failing": ("test_add",)}),
        ("tests fail on the base", {"some_fail": True}),
        ("the suite is red", {"some_fail": True}),
        ("tests/test_a.py::test_b failed", {"some_fail": True, "failing": ("tests/test_a.py::test_b",)}),
        ("All 4 checks pass", {"subject": Subject.CHECKS, "all_pass": True, "passed": 4}),
        ("1 test fails: test_a", {"some_fail": True, "failing": ("test_a",), "failed": 1}),
        ("some tests fail", {"some_fail": True}),
        ("All tests pass, no failures", {"all_pass": True, "failed": 0}),
        ("5 tests passed, 0 failed, 1 skipped", {"all_pass": True, "passed": 5, "failed": 0, "skipped": 1}),
        ("The failing test now passes", {"all_pass": True}),
        ("test_x is failing", {"some_fail": True, "failing": ("test_x",)}),
        (
            "all tests green except for tests/test_x.py::test_y",
            {"some_fail": True, "only_failing": True, "failing": ("tests/test_x.py::test_y",)},
        ),
        ("The suite passes with 12 passed and 1 skipped", {"all_pass": True, "passed": 12, "skipped": 1}),
        ("test_x reproduces the bug: it fails", {"some_fail": True, "failing": ("test_x",)}),
        ("The tests ran ok", {"all_pass": True}),
    ],
)
def test_a_statement_about_tests_is_understood(statement: str, meaning: dict[str, object]) -> None:
    assert said(statement) == meaning


@pytest.mark.parametrize(
    "statement",
    [
        "ruff check is clean",
        "checks the input before use",
        "add() returns 3",
        "tests were added for add()",
        "wrote tests that cover the failure",
        "pytest exits with 0",
        "the command fails with exit code 3",
        "no regressions",
        "error handling was added",
        "added tests for failed logins",
        "fixed the failing test test_x",
        "verified that the parser fails on bad input",
    ],
)
def test_a_statement_about_something_else_is_left_alone(statement: str) -> None:
    assert statement_on_tests(statement) is None


def test_exit_codes_failures_and_earlier_states_are_heard() -> None:
    assert says_exit_code("it exits with code 3") == 3
    assert says_exit_code("exit status is 0") == 0
    assert says_exit_code("add returns 3") is None
    assert says_failure("parse(None) raises TypeError")
    assert not says_failure("add() returns the sum without errors")
    assert says_command_fails("the build fails on python 3.9")
    assert not says_command_fails("the build failed before the fix")
    assert says_past("test_x failed before my change")
    assert not says_past("test_x fails")
