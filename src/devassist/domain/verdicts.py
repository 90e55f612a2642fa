"""Whether a command's ledger lets a change land: the rules, without running anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from devassist.domain.ledger import CaseStatus, Ledger, LedgerDifference, difference

SETTINGS_FILE = ".devassist.toml"
FOREIGN_HINT = (
    "put PYTHONPATH=src in the check (PYTHONPATH=. if there is no src), "
    "or install the tree in [checks] setup, by pip install -e ."
)
"""What to do about tests that import a copy of the tree's modules from elsewhere."""
_CANNOT_START = {126: "cannot be executed", 127: "is not there"}


class Verification(StrEnum):
    """The strongest evidence for a task, strongest first."""

    TESTS = "tests"
    CHECKS = "checks"
    REVIEW = "review"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedCheck:
    """
    One check of a landing. `own` is a task's own check, else it is the project's.

    `problem` is why the change may not land, `doubts` are what a person decides. `base_exit_code` is None if nothing
    was compared, as for an own check that runs tests. `held_out` are cases that fail once the files that judge the
    change are as they were before it.
    """

    command: str
    own: bool
    exit_code: int
    base_exit_code: int | None = None
    runner: str = ""
    passed: int = 0
    added: int = 0
    """Cases that were not there before, moved ones aside."""
    new_failures: tuple[str, ...] = ()
    known_failures: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    skipped_newly: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()
    moved: Mapping[str, str] = field(default_factory=dict)
    flaky: tuple[str, ...] = ()
    held_out: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    """Modules of the tree of which the tests ran a copy from elsewhere: they say nothing of the change."""
    problem: str = ""
    doubts: tuple[str, ...] = ()
    task: str = ""
    """Whose own check it is, if another task's than the one that is to land."""

    @property
    def verifies(self) -> Verification:
        """What this check proves of the change; nothing if it fails and names no cases, even if it failed so before."""
        if (
            self.foreign
            or self.problem
            or (self.vanished and not self.passed)
            or (self.exit_code != 0 and not self.runner)
        ):
            return Verification.NONE
        if self.runner:
            return Verification.TESTS if self.passed else Verification.NONE
        return Verification.CHECKS


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the checks say of a merged tree."""

    checks: tuple[JudgedCheck, ...] = ()
    judges: tuple[str, ...] = ()
    """The changed paths that judge the change."""
    verification: Verification = Verification.NONE
    tail: str = ""
    """The end of the output of the first check with a problem."""
    settings_changed: str = ""
    """The file by which later runs would be judged by other checks or approvals."""
    aware: tuple[str, ...] = ()
    """The paths of code that asks since the change whether it is being tested."""

    @property
    def problems(self) -> list[str]:
        return [
            f"{check.command!r}{f' of task {check.task}' if check.task else ''} {check.problem}"
            for check in self.checks
            if check.problem
        ]

    @property
    def unverified(self) -> list[str]:
        """Why nothing verifies the change; empty if something does."""
        if self.verification is not Verification.NONE:
            return []
        elsewhere = [
            f"{check.command!r} imports {', '.join(check.foreign[:3])}, not from the change: {FOREIGN_HINT}"
            for check in self.checks
            if check.foreign
        ]
        return elsewhere or ["no check and no review says anything of it"]

    @property
    def doubted(self) -> list[list[str]]:
        """What the doubts are about, in an order that no order of tests changes: what an approval of them binds to."""
        cases = [
            [check.command, *sorted({*check.vanished, *check.skipped_newly, *check.held_out})]
            for check in self.checks
        ]
        return [*cases, sorted(self.aware), [self.settings_changed]]

    @property
    def doubts(self) -> list[str]:
        settings = [f"{SETTINGS_FILE}: later runs are judged otherwise"] if self.settings_changed else []
        aware = [
            f"{path}: it asks whether it is being tested, or changes what its runner does"
            for path in self.aware
        ]
        return [
            *(f"{check.command!r}: {doubt}" for check in self.checks for doubt in check.doubts),
            *settings,
            *aware,
        ]


def own_problem(now: Ledger) -> str:
    """Why a task's own check does not hold; empty if it does. What the base says does not count."""
    if now.ran_nothing and now.exit_code in (0, 5):
        return "ran no test"
    return "" if now.passes else ending(now)


def project_problem(now: Ledger, reference: Ledger, found: LedgerDifference) -> str:
    """
    Why a project's check does not hold; empty if it passes, or fails only in what failed on `reference` as well.

    A check that failed there and names neither tests nor failures proves nothing, so it does not hold.
    """
    if now.passes:
        return ""
    if now.runner:
        if found.new_failures or not now.complete:
            return ending(now, found.new_failures)
        if now.exit_code == 0 or (found.known_failures and reference.exit_code != 0):
            return ""
        same = now.ran and (now.exit_code, now.runner) == (reference.exit_code, reference.runner)
        return "" if same else ending(now)  # such as too little coverage, on the base as well
    same = bool(now.failures) and reference.exit_code not in (0, *_CANNOT_START) and now.exit_code > 0
    return "" if same and set(now.failures) <= set(reference.failures) else ending(now)


def compared(now: Ledger, reference: Ledger, *, moved: Mapping[str, str]) -> LedgerDifference:
    """How the change's ledger differs; of a reference that has no cases nothing is said."""
    if not reference.runner:
        return LedgerDifference(new_failures=now.failed)
    return difference(reference, now, moved=moved)


def differs_held_out(
    reference: Ledger, now: Ledger, held_out: Ledger, *, moved: Mapping[str, str]
) -> tuple[str, ...]:
    """
    What passed before and passes with the change, and fails once the judging files are as they were.

    Case ids; the command itself where its runner names no cases.
    """
    if not reference.runner:
        known = {*reference.failures, *now.failures}
        worse = not held_out.passes and not known.issuperset(held_out.failures)
        failed = not held_out.passes and reference.passes and now.passes
        return (now.command,) if failed or worse else ()
    fails_now = set(now.failed)
    return tuple(
        case
        for case in reference.of(CaseStatus.PASSED)
        if moved.get(case, case) not in fails_now and held_out.cases.get(case) is not CaseStatus.PASSED
    )


def ending(ledger: Ledger, cases: tuple[str, ...] = ()) -> str:
    """How a command ended, for a person."""
    failed = cases or ledger.failed
    if failed:
        more = f" and {len(failed) - 3} more" if len(failed) > 3 else ""  # noqa: PLR2004  as many as fit a line
        return f"fails in {', '.join(failed[:3])}{more}"
    if ledger.timed_out:
        return "timed out ([checks] timeout_s)"
    if not ledger.complete:
        return "ended before its test runner had finished"
    if ledger.exit_code < 0:
        return f"was killed by signal {-ledger.exit_code}"
    if ledger.exit_code in _CANNOT_START:
        return f"cannot start: a program {_CANNOT_START[ledger.exit_code]} (exit code {ledger.exit_code})"
    return f"ended with {ledger.exit_code}"
