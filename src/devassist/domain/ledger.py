"""The ledger of tests: what each test case came to when one command ran on one tree, and how two ledgers differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class CaseStatus(StrEnum):
    """What one test case came to. A case that did not run at all is absent from its ledger."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    XFAILED = "xfailed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """
    One command on one tree. `cases` maps a case's id, as its runner names it, to what it came to.

    `runner` is empty if nothing machine-readable was said: then there are no cases, and `failures` are the output's
    failure lines without times, addresses and paths of the machine, each once, in order. `complete` is False if a
    runner began and never reported its end. `exit_code` is negative for a signal.
    """

    command: str
    exit_code: int
    runner: str = ""
    cases: Mapping[str, CaseStatus] = field(default_factory=dict)
    failures: tuple[str, ...] = ()
    complete: bool = True
    timed_out: bool = False
    foreign: tuple[str, ...] = ()
    """Modules of the tree of which the tests imported a copy from elsewhere: `name from path`."""

    def of(self, status: CaseStatus) -> tuple[str, ...]:
        """The ids of the cases that came to `status`, in the runner's order."""
        return tuple(case for case, came_to in self.cases.items() if came_to is status)

    @property
    def failed(self) -> tuple[str, ...]:
        return self.of(CaseStatus.FAILED)

    @property
    def ran(self) -> int:
        """How many cases ran to a pass or a failure."""
        return len(self.of(CaseStatus.PASSED)) + len(self.failed)

    @property
    def passes(self) -> bool:
        """Whether the command and every case of it succeeded: a failed case counts whatever the exit code says."""
        return self.exit_code == 0 and not self.failed and self.complete

    @property
    def ran_nothing(self) -> bool:
        """Whether a test runner ran no case to its end."""
        return bool(self.runner) and not self.ran


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerDifference:
    """What a change made of the tests of one command, by case id. `moved` maps an old id to its new one."""

    new_failures: tuple[str, ...] = ()
    known_failures: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    skipped_newly: tuple[str, ...] = ()
    """Ran on the base; skipped or expected to fail now."""
    vanished: tuple[str, ...] = ()
    """Ran on the base; absent now, and under no other name either."""
    added: tuple[str, ...] = ()
    moved: Mapping[str, str] = field(default_factory=dict)


def difference(base: Ledger, now: Ledger, *, moved: Mapping[str, str] | None = None) -> LedgerDifference:
    """How `now` differs from `base`, the same command on another tree. `moved` maps old case ids to new ones."""
    moved = {old: new for old, new in (moved or {}).items() if old in base.cases and new in now.cases}
    old_of = {new: old for old, new in moved.items()}
    before = {case: base.cases.get(old_of.get(case, case)) for case in now.cases}
    idle = (CaseStatus.SKIPPED, CaseStatus.XFAILED)
    ran = (CaseStatus.PASSED, CaseStatus.FAILED)
    return LedgerDifference(
        new_failures=tuple(case for case in now.failed if before[case] is not CaseStatus.FAILED),
        known_failures=tuple(case for case in now.failed if before[case] is CaseStatus.FAILED),
        fixed=tuple(case for case in now.of(CaseStatus.PASSED) if before[case] is CaseStatus.FAILED),
        skipped_newly=tuple(
            case for case, status in now.cases.items() if status in idle and before[case] in ran
        ),
        vanished=tuple(
            case
            for case, status in base.cases.items()
            if status in ran and case not in now.cases and case not in moved
        ),
        added=tuple(case for case in now.cases if before[case] is None),
        moved=moved,
    )
