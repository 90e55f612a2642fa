"""What a command said of test cases, in brief: from its runner's ledger, or from what it printed. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from devassist.domain.ledger import CaseStatus, Ledger

MOST_FAILURES = 40
"""Failures that are kept by name; the rest are counted."""
_SHOWN = 10
_LONGEST = 300

_COUNT = re.compile(
    r"\b(\d+) (?:tests? |examples? |specs? |cases? )?"
    r"(passed|passing|failed|failing|failures?|errors?|skipped|pending|ignored|xfailed)\b"
)
_TAP = re.compile(r"^(?:\S )?(pass|fail|skipped) (\d+)$")
_UNITTEST_RAN = re.compile(r"^Ran (\d+) tests? in ")
_UNITTEST_END = re.compile(r"\b(failures|errors|skipped|expected failures)=(\d+)")
_CARGO = "test result: "
_KEYS = {
    "passed": "passed", "passing": "passed", "pass": "passed",
    "failed": "failed", "failing": "failed", "failure": "failed", "failures": "failed", "fail": "failed",
    "error": "errors", "errors": "errors",
    "skipped": "skipped", "pending": "skipped", "ignored": "skipped",
    "xfailed": "xfailed", "expected failures": "xfailed",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCounts:
    """
    How many cases came to what. `runner` is empty if none reported: then the counts are what the output says, if
    anything.

    `failures` are the ids of failed cases, or the failure lines of an output without a runner's report; the first
    MOST_FAILURES of them. `counted` is False if nothing counts any case; `complete` if a runner reported its end.
    """

    runner: str = ""
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    xfailed: int = 0
    failures: tuple[str, ...] = ()
    counted: bool = False
    complete: bool = True

    @property
    def ran(self) -> int:
        """Cases that ran to a pass or a failure."""
        return self.passed + self.failed

    @property
    def text(self) -> str:
        """`3 passed, 1 failed: tests/test_x.py::test_b`."""
        if not self.counted:
            return ""
        numbers = (
            (self.passed, "passed"),
            (self.failed, "failed"),
            (self.skipped, "skipped"),
            (self.xfailed, "expected to fail"),
        )
        counts = ", ".join(f"{number} {word}" for number, word in numbers if number) or "no test ran"
        broke_off = "" if self.complete else "; the test run broke off"
        if not self.failed or not self.failures:
            return counts + broke_off
        more = f" and {self.failed - _SHOWN} more" if self.failed > _SHOWN else ""
        return f"{counts}: {', '.join(self.failures[:_SHOWN])}{more}{broke_off}"


def brief(ledger: Ledger, output: str) -> CaseCounts:
    """What a record keeps of a ledger. The output counts only where no runner reported."""
    if ledger.runner:
        return CaseCounts(
            runner=ledger.runner,
            passed=len(ledger.of(CaseStatus.PASSED)),
            failed=len(ledger.failed),
            skipped=len(ledger.of(CaseStatus.SKIPPED)),
            xfailed=len(ledger.of(CaseStatus.XFAILED)),
            failures=_bounded(ledger.failed),
            counted=True,
            complete=ledger.complete,
        )
    counts = _printed(output)
    return CaseCounts(
        passed=counts.get("passed", 0),
        failed=counts.get("failed", 0) + counts.get("errors", 0),
        skipped=counts.get("skipped", 0),
        xfailed=counts.get("xfailed", 0),
        failures=_bounded(ledger.failures),
        counted=bool(counts),
    )


def _bounded(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name[:_LONGEST] for name in names[:MOST_FAILURES])


def _printed(output: str) -> dict[str, int]:
    """The counts that a runner's summary says; a later summary replaces an earlier one, but cargo has many."""
    counts: dict[str, int] = {}
    total: int | None = None
    for line in output.splitlines():
        if ran := _UNITTEST_RAN.match(line):
            total, counts = int(ran.group(1)), {}
            continue
        pairs = [(word, number) for number, word in _COUNT.findall(line)]
        pairs += _TAP.findall(line.strip()) + (_UNITTEST_END.findall(line) if total is not None else [])
        fresh: dict[str, int] = {}
        for word, number in pairs:
            fresh[_KEYS[word]] = int(number)
        if line.startswith(_CARGO):
            fresh = {key: counts.get(key, 0) + number for key, number in fresh.items()}
        counts |= fresh
    if total is not None:
        others = sum(number for key, number in counts.items() if key != "passed")
        counts["passed"] = max(0, total - others)
    return counts
