"""Claims against what was recorded: the four verdicts, and every way to each."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devassist.domain.claims.cases import CaseCounts
from devassist.domain.claims.checking import CheckedClaim, Evidence, TaskRecord, check_claim
from devassist.domain.claims.runs import CommandRun
from devassist.domain.handoffs import Claim, Verdict

PLAIN = "add() returns the sum"


def evidence(number: int, tool: str = "run_command", **more: Any) -> Evidence:
    given: dict[str, Any] = {
        "id": f"e{number}",
        "task": "t1",
        "number": number,
        "tool": tool,
        "ok": True,
        **more,
    }
    return Evidence(**given)


def ran(number: int, *runs: CommandRun) -> Evidence:
    """A tool call that ran these commands."""
    ok = all(run.exit_code == 0 for run in runs)
    return evidence(number, ok=ok, reads=("*",), runs=runs, summary="; ".join(run.command for run in runs))


def pytest_run(
    passed: int = 0,
    failures: tuple[str, ...] = (),
    *,
    command: str = "pytest",
    code: int | None = None,
    **more: Any,
) -> CommandRun:
    """A run of pytest that reported its cases."""
    cases = CaseCounts(
        runner="pytest", passed=passed, failed=len(failures), failures=failures, counted=True, **more
    )
    return CommandRun(command=command, exit_code=int(bool(failures)) if code is None else code, cases=cases)


def check(
    cited: str,
    *calls: Evidence,
    statement: str = PLAIN,
    left_out: dict[str, str] | None = None,
) -> CheckedClaim:
    record = TaskRecord(
        task="t1",
        evidence={call.id: call for call in calls},
        calls=[call for call in calls if call.task == "t1"],
        left_out=left_out or {},
    )
    return check_claim(Claim(statement=statement, evidence=cited), record)


def verdict(statement: str, *runs: CommandRun) -> str:
    return str(check("e1", ran(1, *runs), statement=statement).verdict)


def test_a_command_that_succeeded_and_nothing_written_since_bears_a_claim_out() -> None:
    checked = check("e1", evidence(1, summary="exit 0"), evidence(2, "read_file"))
    assert checked.verdict is Verdict.VERIFIED
    assert checked.reason == "exit 0"


def test_a_successful_write_is_evidence_of_the_change() -> None:
    assert check("e1", evidence(1, "write_file", wrote=("a.py",))).verdict is Verdict.VERIFIED


@pytest.mark.parametrize(
    ("cited", "why"), [("", "no evidence is cited"), ("e9", "no evidence 'e9' in this run")]
)
def test_what_is_cited_wrongly_or_not_at_all_is_uncited(cited: str, why: str) -> None:
    checked = check(cited, evidence(1))
    assert checked.verdict is Verdict.UNCITED
    assert why in checked.reason


def test_evidence_of_another_task_is_a_contradiction() -> None:
    checked = check("e1", evidence(1, task="t2"))
    assert checked.verdict is Verdict.CONTRADICTED
    assert checked.reason == "e1 belongs to task 't2', not to 't1'"


def test_a_command_that_failed_is_a_contradiction_of_what_it_should_have_shown() -> None:
    checked = check("e1", evidence(1, ok=False, summary="exit 1"))
    assert checked.verdict is Verdict.CONTRADICTED
    assert checked.reason == "e1 did not succeed: exit 1"


FAILED = CommandRun(command="python -c 'parse(None)'", exit_code=3)


@pytest.mark.parametrize(
    "statement",
    [
        "the command fails with exit code 3",
        "it exits with 3",
        "parse(None) raises TypeError",
        "the bug is reproduced: a traceback",
        "parse cannot take None",
        "parse(None) returns 1 instead of 2",
        "None does not work",
        "ruff reports 3 findings",
    ],
)
def test_a_true_observation_of_a_failure_may_be_cited(statement: str) -> None:
    assert verdict(statement, FAILED) == "verified"


@pytest.mark.parametrize(
    ("statement", "run"),
    [
        ("it exits with 2", FAILED),
        ("the command fails", CommandRun(command="python -c 1", exit_code=0)),
        ("parse(None) is None now", FAILED),
        ("it works", FAILED),
        ("the error is handled now", FAILED),
        ("the bug is fixed", FAILED),
        ("runs without errors", FAILED),
    ],
)
def test_a_false_observation_is_contradicted(statement: str, run: CommandRun) -> None:
    assert verdict(statement, run) == "contradicted"


def test_a_write_that_will_not_be_committed_contradicts_what_is_claimed_by_it() -> None:
    wrote = evidence(1, "write_file", wrote=("vendored/deep/a.py",))
    checked = check("e1", wrote, left_out={"vendored": "a repository inside the worktree"})
    assert checked.verdict is Verdict.CONTRADICTED
    assert checked.reason == "vendored/deep/a.py is left out of the commit: a repository inside the worktree"
    assert check("e1", wrote, left_out={"other": "x"}).verdict is Verdict.VERIFIED


# Tests ------------------------------------------------------------------------------------------------------

TWO_FAILED = pytest_run(10, ("tests/test_x.py::test_a[1]", "tests/test_x.py::TestB::test_b"))
GREEN = pytest_run(12)
UNKNOWN_GREEN = CommandRun(command="make test", exit_code=0)
UNKNOWN_RED = CommandRun(
    command="make test", exit_code=2, cases=CaseCounts(failures=("FAIL: test_a (x.TestA)",))
)


@pytest.mark.parametrize(
    ("statement", "run", "expected"),
    [
        ("all tests pass", GREEN, "verified"),
        ("all tests pass", TWO_FAILED, "contradicted"),
        ("All 12 tests pass", GREEN, "verified"),
        ("All 300 tests pass", GREEN, "contradicted"),
        ("12 passed", GREEN, "verified"),
        ("13 passed", GREEN, "contradicted"),
        ("The 3 new tests pass", GREEN, "verified"),
        ("the suite is green", GREEN, "verified"),
        ("the suite is green", TWO_FAILED, "contradicted"),
        ("no failures", GREEN, "verified"),
        ("no failures", TWO_FAILED, "contradicted"),
        ("10 passed, 2 failed", TWO_FAILED, "verified"),
        ("10 passed, 1 failed", TWO_FAILED, "contradicted"),
        ("10/12 tests pass", TWO_FAILED, "verified"),
        ("11 of 12 tests pass", TWO_FAILED, "contradicted"),
        ("test_a fails", TWO_FAILED, "verified"),
        ("test_c fails", TWO_FAILED, "contradicted"),
        ("test_a passes", TWO_FAILED, "contradicted"),
        ("test_c passes", TWO_FAILED, "verified"),
        ("only test_a fails", TWO_FAILED, "contradicted"),
        ("only test_a and test_b fail", TWO_FAILED, "verified"),
        ("all tests pass except test_a and test_b", TWO_FAILED, "verified"),
        ("all tests pass except test_a", TWO_FAILED, "contradicted"),
        ("all but 2 tests pass", TWO_FAILED, "verified"),
        ("tests/test_x.py fails", TWO_FAILED, "verified"),
        ("the tests fail", TWO_FAILED, "verified"),
        ("the tests fail", GREEN, "contradicted"),
        ("not all tests pass", GREEN, "contradicted"),
        ("test_a no longer fails", GREEN, "verified"),
        ("all tests pass", pytest_run(0, code=5), "contradicted"),
        ("all tests pass", pytest_run(0, skipped=4), "contradicted"),
        ("all tests pass", pytest_run(3, complete=False), "contradicted"),
        ("all tests pass", pytest_run(3, code=2), "contradicted"),
        ("all tests pass", UNKNOWN_GREEN, "verified"),
        ("all tests pass", UNKNOWN_RED, "contradicted"),
        ("test_a fails", UNKNOWN_RED, "verified"),
        ("test_z fails", UNKNOWN_RED, "uncited"),
        ("all 12 tests pass", UNKNOWN_GREEN, "uncited"),
        (
            "all tests pass",
            CommandRun(command="make test", exit_code=0, cases=CaseCounts(failures=("FAIL x",))),
            "contradicted",
        ),
        ("all tests pass", CommandRun(command="make test | head", exit_code=141), "uncited"),
    ],
)
def test_a_claim_about_tests_is_held_against_what_the_cited_run_came_to(
    statement: str, run: CommandRun, expected: str
) -> None:
    checked = check("e1", ran(1, run), statement=statement)
    assert (str(checked.verdict), run.command in checked.reason) == (expected, True), checked.reason


@pytest.mark.parametrize("command", ["pytest -q | tail -1", "pytest -q; echo done", "pytest || true"])
def test_an_exit_code_that_hides_failures_proves_nothing(command: str) -> None:
    run = pytest_run(10, ("tests/test_x.py::test_a",), command=command, code=0)
    assert verdict("all tests pass", run) == "contradicted"
    assert verdict("only test_a fails", run) == "verified"


def test_what_fails_beside_the_tests_says_nothing_of_them() -> None:
    linted = CommandRun(command="ruff check", exit_code=1, check=True)
    assert verdict("all tests pass", pytest_run(3, command="pytest && ruff check", code=1)) == "verified"
    assert verdict("all tests pass", linted, GREEN) == "verified"
    assert verdict("all checks pass", linted, GREEN) == "contradicted"
    assert verdict("both checks pass", GREEN, UNKNOWN_GREEN) == "verified"
    assert verdict("all 3 checks pass", GREEN, UNKNOWN_GREEN) == "contradicted"


@pytest.mark.parametrize(
    "cited",
    [
        evidence(1, "list_files", reads=("*",)),
        evidence(1, "read_file", reads=("README.md",)),
        evidence(1, "write_file", wrote=("tests/test_x.py",)),
        ran(1, CommandRun(command="echo 12 passed", exit_code=0, cases=CaseCounts(passed=12, counted=True))),
        ran(1, CommandRun(command="cat tests/test_x.py", exit_code=0)),
        ran(1, CommandRun(command="python -c \"print('all tests pass')\"", exit_code=0)),
    ],
)
def test_evidence_that_is_no_test_run_says_nothing_of_tests(cited: Evidence) -> None:
    checked = check("e1", cited, statement="all 300 tests pass")
    assert checked.verdict is Verdict.UNCITED
    assert checked.reason == "what is cited ran no tests"


def test_several_runs_count_together_or_each_by_itself() -> None:
    assert verdict("17 tests pass", GREEN, pytest_run(5)) == "verified"
    assert verdict("12 passed", GREEN, pytest_run(5)) == "verified"
    assert verdict("13 passed", GREEN, pytest_run(5)) == "contradicted"


# Staleness --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cited", "later", "fresh"),
    [
        ({"reads": ("*",)}, {"wrote": ("docs/x.md",)}, False),
        ({"reads": ("a.py",)}, {"wrote": ("a.py",)}, False),
        ({"reads": ("a.py",)}, {"wrote": ("b.py",)}, True),
        ({"reads": ("*",)}, {"wrote": ()}, True),
        ({"wrote": ("a.py",)}, {"wrote": ("a.py",)}, False),
        ({"wrote": ("a.py",)}, {"wrote": ("b.py", "a.py")}, False),
        ({}, {"wrote": ("a.py",)}, True),
    ],
)
def test_what_was_written_after_the_evidence_makes_it_stale(
    cited: dict[str, Any], later: dict[str, Any], fresh: bool
) -> None:
    checked = check("e1", evidence(1, **cited), evidence(2, "write_file", **later))
    assert checked.verdict is (Verdict.VERIFIED if fresh else Verdict.STALE)
    if not fresh:
        assert checked.reason.endswith("was written by e2 after e1")


def test_a_write_that_the_runner_cannot_depend_on_is_a_note() -> None:
    prose = evidence(2, "write_file", wrote=("README.md", "docs/guide.md", "web/app.ts"))
    checked = check("e1", ran(1, GREEN), prose, statement="all tests pass")
    assert checked.verdict is Verdict.VERIFIED
    assert checked.reason == "`pytest` 12 passed (written since: README.md, docs/guide.md, web/app.ts)"
    code = evidence(3, "write_file", wrote=("src/a.py",))
    assert check("e1", ran(1, GREEN), prose, code, statement="all tests pass").verdict is Verdict.STALE


def test_an_observation_of_an_earlier_state_does_not_become_stale() -> None:
    fix = evidence(2, "write_file", wrote=("src/a.py",))
    for statement, expected in (
        ("test_a failed before the fix", Verdict.VERIFIED),
        ("test_a fails", Verdict.STALE),
    ):
        assert check("e1", ran(1, TWO_FAILED), fix, statement=statement).verdict is expected


def test_a_write_before_the_evidence_takes_nothing_from_it() -> None:
    checked = check("e2", evidence(1, "write_file", wrote=("a.py",)), evidence(2, reads=("*",)))
    assert checked.verdict is Verdict.VERIFIED


_EVIDENCE = st.builds(
    Evidence,
    id=st.sampled_from(["e1", "e2", "e3"]),
    task=st.sampled_from(["t1", "t2"]),
    number=st.integers(min_value=1, max_value=5),
    tool=st.just("run_command"),
    ok=st.booleans(),
    reads=st.lists(st.sampled_from(["*", "a", "b"]), max_size=2).map(tuple),
    wrote=st.lists(st.sampled_from(["a", "b"]), max_size=2).map(tuple),
)


@given(st.lists(_EVIDENCE, max_size=6), st.sampled_from(["", "e1", "e2", "e3", "e4"]))
def test_a_verified_claim_of_success_always_has_an_own_success_behind_it(
    calls: list[Evidence], cited: str
) -> None:
    checked = check(cited, *calls)
    assert checked.reason
    if checked.verdict is Verdict.VERIFIED:
        borne = {call.id: call for call in calls}[cited]
        assert borne.ok
        assert borne.task == "t1"


@given(st.text(max_size=80))
def test_any_words_get_a_verdict(statement: str) -> None:
    assert check("e1", ran(1, TWO_FAILED), statement=statement).verdict in Verdict
