"""The events of `go test -json`, and what they come to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from devassist.domain.ledger import CaseStatus
from devassist.evidence.testimony import Testimony, weightier

_ENDS = {"pass": CaseStatus.PASSED, "fail": CaseStatus.FAILED, "skip": CaseStatus.SKIPPED}


class GoEvent(msgspec.Struct, frozen=True, rename="pascal"):
    """A line of test2json; without `test` it is about the package."""

    action: str
    package: str = ""
    test: str = ""


_UNBUILT = re.compile(rb"FAIL\s+(\S+) \[(?:build|setup) failed\]$")
_DECODER = msgspec.json.Decoder(GoEvent)


@dataclass
class _Run:
    """A fold over the events. `begun` are the tests, by package, that have not ended yet."""

    cases: dict[str, CaseStatus] = field(default_factory=dict)
    begun: dict[str, dict[str, None]] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    """Packages with a failed test."""

    def take(self, event: GoEvent) -> None:
        if event.test:
            self._take_test(event)
            return
        end = _ENDS.get(event.action)
        if end is None:
            if event.package:
                self.begun.setdefault(event.package, {})
            return
        open_tests = self.begun.pop(event.package, {})
        if end is CaseStatus.FAILED:
            self._fail_package(event.package, open_tests)
        elif end is CaseStatus.PASSED:
            # Before Go 1.20 an outcome that is glued to the test's own output is no event.
            for test in open_tests:
                self._note(event.package, test, CaseStatus.PASSED)

    def _take_test(self, event: GoEvent) -> None:
        tests = self.begun.setdefault(event.package, {})
        end = _ENDS.get(event.action)
        if end is not None:
            tests.pop(event.test, None)
            self._note(event.package, event.test, end)
        elif event.action == "run":
            tests.setdefault(event.test)

    def _fail_package(self, package: str, open_tests: dict[str, None]) -> None:
        """Of a crash, the tests that were under way failed; a package that does not build fails as a case."""
        for test in open_tests:
            self._note(package, test, CaseStatus.FAILED)
        if package not in self.failed:
            self.cases[package] = CaseStatus.FAILED

    def _note(self, package: str, test: str, status: CaseStatus) -> None:
        if status is CaseStatus.FAILED:
            self.failed.add(package)
        case = f"{package}.{test}"
        self.cases[case] = weightier(self.cases.get(case), status)


def _events(report: bytes) -> Iterator[GoEvent]:
    for line in report.splitlines():
        if line[:1] != b"{":
            # A package that does not build has no events before Go 1.24.
            if unbuilt := _UNBUILT.match(line):
                yield GoEvent(action="fail", package=unbuilt[1].decode("utf-8", "replace"))
            continue
        try:
            yield _DECODER.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue


def testimony(report: bytes) -> Testimony:
    """What the packages came to; a case is a package's path, a dot, and a test's name with its subtests."""
    run = _Run()
    for event in _events(report):
        run.take(event)
    return Testimony(runners=frozenset({"go test"}), cases=run.cases, complete=not run.begun)
