"""A statement about tests against the runs that are cited for it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from devassist.domain.claims.cases import MOST_FAILURES
from devassist.domain.claims.runs import CommandRun
from devassist.domain.claims.statements import Subject, TestStatement
from devassist.domain.handoffs import Verdict

_SIGPIPE = 141
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict and why."""

    verdict: Verdict
    reason: str


def rule_on_tests(statement: TestStatement, runs: Sequence[CommandRun]) -> Ruling:
    """Whether the cited runs bear the statement out. What they cannot tell is uncited, not contradicted."""
    relevant = _relevant(statement, runs)
    if not relevant:
        return Ruling(Verdict.UNCITED, "what is cited ran no tests")
    totals = _Totals(relevant)
    if statement.subject is Subject.CHECKS:
        return _rule_on_checks(statement, totals)
    contradiction = next(_contradictions(statement, totals), "")
    if contradiction:
        return Ruling(Verdict.CONTRADICTED, f"{contradiction}: {totals.text}")
    unknown = next(_unknowns(statement, totals), "")
    if unknown:
        return Ruling(Verdict.UNCITED, f"{unknown}: {totals.text}")
    return Ruling(Verdict.VERIFIED, totals.text)


def _relevant(statement: TestStatement, runs: Sequence[CommandRun]) -> Sequence[CommandRun]:
    """The checks, or the runs of tests among them: of several, a linter that fails says nothing of tests."""
    if statement.subject is Subject.CHECKS:
        return [run for run in runs if run.check] or [run for run in runs if run.is_test_run]
    return [run for run in runs if run.is_test_run] or [run for run in runs if run.check]


@dataclass(frozen=True, slots=True)
class _Totals:
    """Several runs of tests taken together."""

    runs: Sequence[CommandRun]

    @property
    def counted(self) -> bool:
        return all(run.cases.counted for run in self.runs)

    @property
    def passed(self) -> int:
        return sum(run.cases.passed for run in self.runs)

    @property
    def failed(self) -> int:
        return sum(run.cases.failed for run in self.runs)

    @property
    def skipped(self) -> int:
        return sum(run.cases.skipped for run in self.runs)

    @property
    def all(self) -> int:
        return self.passed + self.failed + self.skipped + sum(run.cases.xfailed for run in self.runs)

    @property
    def failures(self) -> tuple[str, ...]:
        return tuple(name for run in self.runs for name in run.cases.failures)

    @property
    def ran_nothing(self) -> bool:
        """Whether some runner says that it ran no case."""
        return any(run.cases.counted and not run.cases.ran for run in self.runs)

    @property
    def broken_off(self) -> bool:
        return any(not run.cases.complete or run.timed_out for run in self.runs)

    @property
    def reader_left(self) -> bool:
        return any(run.exit_code == _SIGPIPE and not run.cases.runner for run in self.runs)

    @property
    def ended_badly(self) -> bool:
        """Whether a run failed that cannot have failed for anything but its tests."""
        return any(
            run.exit_code not in (0, _SIGPIPE)
            and not (run.cases.runner and run.cases.ran and run.is_compound)
            for run in self.runs
        )

    @property
    def failed_at_all(self) -> bool:
        return bool(self.failed) or any(run.exit_code not in (0, _SIGPIPE) for run in self.runs)

    @property
    def text(self) -> str:
        return "; ".join(f"`{run.command}` {run.cases.text or _ending(run)}" for run in self.runs)


def _ending(run: CommandRun) -> str:
    ended = "timed out" if run.timed_out else f"ended with exit code {run.exit_code}"
    lines = f", and its output says {run.cases.failures[0]!r}" if run.cases.failures else ""
    return ended + lines


def _contradictions(statement: TestStatement, totals: _Totals) -> Iterator[str]:
    if statement.all_pass or statement.passing:
        yield from _not_passing(statement, totals)
    if statement.some_fail:
        yield from _not_failing(statement, totals)
    if totals.counted:
        yield from _wrong_counts(statement, totals)


def _not_passing(statement: TestStatement, totals: _Totals) -> Iterator[str]:
    if totals.ran_nothing:
        yield "no test ran"
    if totals.broken_off:
        yield "the test run did not come to its end"
    listed = [name for name in statement.passing if _among(name, totals.failures)]
    if listed:
        yield f"{', '.join(listed)} failed"
    if not statement.all_pass:
        return
    if totals.failed:
        yield "not all tests passed"
    elif totals.ended_badly:
        yield "the run failed"
    elif totals.failures:
        yield "its output says a failure"


def _not_failing(statement: TestStatement, totals: _Totals) -> Iterator[str]:
    if not totals.failed_at_all and not totals.failures and not totals.reader_left:
        yield "nothing failed"
    if not totals.counted:
        return
    complete = totals.failed == len(totals.failures) < MOST_FAILURES
    passed = [name for name in statement.failing if not _among(name, totals.failures)]
    if passed and (complete or not totals.failed):
        yield f"{', '.join(passed)} did not fail"
    others = [
        failure
        for failure in totals.failures
        if not any(_is_named(name, failure) for name in statement.failing)
    ]
    if statement.only_failing and others and complete:
        yield f"{', '.join(others[:_SHOWN])} failed as well"


def _wrong_counts(statement: TestStatement, totals: _Totals) -> Iterator[str]:
    if statement.passed is not None:
        enough = (
            totals.passed >= statement.passed if statement.at_least else totals.passed == statement.passed
        )
        single = any(run.cases.passed == statement.passed for run in totals.runs)
        if not enough and not single:
            yield f"not {statement.passed} tests passed"
    for claimed, counted, word in (
        (statement.failed, totals.failed, "failed"),
        (statement.skipped, totals.skipped, "were skipped"),
        (statement.total, totals.all, "were there"),
    ):
        if claimed is not None and claimed != counted:
            yield f"not {claimed} tests {word}"


def _unknowns(statement: TestStatement, totals: _Totals) -> Iterator[str]:
    if totals.counted:
        return
    if totals.reader_left:
        yield "the run was cut short by a reader that left, so nobody knows what it came to"
    if any(number for number in (statement.passed, statement.failed, statement.skipped, statement.total)):
        yield "nothing in the run counts its tests"
    if statement.failing and not all(_among(name, totals.failures) for name in statement.failing):
        yield "the run failed, but its output does not name that test"


def _rule_on_checks(statement: TestStatement, totals: _Totals) -> Ruling:
    failed = [run for run in totals.runs if not run.succeeded]
    if statement.all_pass and failed:
        return Ruling(Verdict.CONTRADICTED, f"not all checks passed: {totals.text}")
    if statement.some_fail and not failed:
        return Ruling(Verdict.CONTRADICTED, f"no check failed: {totals.text}")
    if statement.all_pass and statement.passed not in (None, len(totals.runs)) and not statement.at_least:
        return Ruling(Verdict.CONTRADICTED, f"there were {len(totals.runs)} checks: {totals.text}")
    return Ruling(Verdict.VERIFIED, totals.text)


def _among(name: str, failures: Sequence[str]) -> bool:
    return any(_is_named(name, failure) for failure in failures)


def _is_named(name: str, failure: str) -> bool:
    """Whether `name`, as people shorten it, names this failed case: a whole part of its id."""
    return re.search(rf"(?<![\w]){re.escape(name)}(?![\w])", failure, re.IGNORECASE) is not None
