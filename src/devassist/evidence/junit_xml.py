"""JUnit's XML, as ctest, Maven and Gradle write it."""

from __future__ import annotations

from collections.abc import Iterator

from junitparser import Attr, Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from devassist.domain.ledger import CaseStatus
from devassist.evidence.testimony import Testimony, weightier

_SKIPPED_ON_PURPOSE = ("SKIP_RETURN_CODE", "SKIP_REGULAR_EXPRESSION")


class _Case(TestCase):
    status = Attr()


def testimony(report: bytes, *, runner: str) -> Testimony | None:
    """What the cases came to, by class and name; None if the report is no such XML."""
    if b"<!DOCTYPE" in report or b"<!ENTITY" in report:  # no runner writes any, and they can be made to grow
        return None
    cases: dict[str, CaseStatus] = {}
    try:
        for case in _cases(report):
            name, group = str(case.name or ""), str(case.classname or "")
            name = f"{group}.{name}" if group and group != name else name
            cases[name] = weightier(cases.get(name), _status(case))
    except Exception:  # noqa: BLE001 - junitparser lets the errors of two XML libraries and its own through
        return None
    return Testimony(runners=frozenset({runner}), cases=cases)


def _cases(report: bytes) -> Iterator[_Case]:
    root: JUnitXml | TestSuite = JUnitXml.fromstring(report)  # a lone suite is a root as well
    waiting = [root] if isinstance(root, TestSuite) else list(root)
    while waiting:
        suite = waiting.pop()
        waiting.extend(suite.testsuites())
        yield from suite.iterchildren(_Case)


def _status(case: _Case) -> CaseStatus:
    if any(isinstance(result, (Failure, Error)) for result in case.result):
        return CaseStatus.FAILED
    skipped = [result for result in case.result if isinstance(result, Skipped)]
    # A test that ctest could not start is "skipped" in its XML, and fails the run.
    on_purpose = any(str(result.message or "").startswith(_SKIPPED_ON_PURPOSE) for result in skipped)
    if case.status == "notrun" and not on_purpose:
        return CaseStatus.FAILED
    return CaseStatus.SKIPPED if skipped or case.status == "disabled" else CaseStatus.PASSED
