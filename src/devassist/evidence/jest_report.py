"""The JSON report of jest, which vitest writes in the same form."""

from __future__ import annotations

from pathlib import Path

import msgspec

from devassist.domain.ledger import CaseStatus
from devassist.evidence.testimony import Testimony, weightier, within

_STATUS = {"passed": CaseStatus.PASSED, "failed": CaseStatus.FAILED}


class Assertion(msgspec.Struct, frozen=True, rename="camel"):
    """A case: its name, and those of the groups around it."""

    title: str
    status: str
    ancestor_titles: list[str] = []


class TestFile(msgspec.Struct, frozen=True, rename="camel"):
    """`name` is an absolute path; a file that could not be loaded failed without a case."""

    name: str
    status: str = ""
    assertion_results: list[Assertion] = []


class Report(msgspec.Struct, frozen=True, rename="camel"):
    """Written at the end of a run only."""

    test_results: list[TestFile]
    was_interrupted: bool = False


def testimony(report: bytes, *, tree: Path, runner: str) -> Testimony | None:
    """What the cases came to, by file, groups and name; None if the report is none."""
    try:
        read = msgspec.json.decode(report, type=Report)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    cases: dict[str, CaseStatus] = {}
    for file in read.test_results:
        path = within(tree, file.name)
        failed = False
        for assertion in file.assertion_results:
            status = _STATUS.get(assertion.status, CaseStatus.SKIPPED)
            failed = failed or status is CaseStatus.FAILED
            names = [name for name in assertion.ancestor_titles if name]
            case = " > ".join([path, *names, assertion.title])
            cases[case] = weightier(cases.get(case), status)
        if file.status == "failed" and not failed:
            cases[path] = CaseStatus.FAILED
    return Testimony(runners=frozenset({runner}), cases=cases, complete=not read.was_interrupted)
