"""The Test Anything Protocol, as one test file prints it."""

from __future__ import annotations

import re
from collections import Counter

from devassist.domain.ledger import CaseStatus

_PLAN = re.compile(r"1\.\.(?P<count>\d+)(?P<skip>\s*#\s*skip\b)?", re.IGNORECASE)
_POINT = re.compile(
    r"(?P<not>not )?ok\b(?: +(?P<number>\d+))?(?: +-)?(?P<name>(?:[^#\\]|\\.|#(?!\s*(?:todo|skip)))*)"
    r"(?:#\s*(?P<directive>todo|skip))?",
    re.IGNORECASE,
)


def cases(text: str, *, file: str) -> dict[str, CaseStatus]:
    """What the top-level tests came to, by `file` and description; the file itself failed if its plan was not met."""
    results: dict[str, CaseStatus] = {}
    names: Counter[str] = Counter()
    planned: int | None = None
    ran = 0
    for line in text.splitlines():
        if plan := _PLAN.match(line):
            if plan["skip"]:
                return {file: CaseStatus.SKIPPED}
            planned = int(plan["count"])
        elif line.startswith("Bail out!"):
            planned = None
            break
        elif point := _POINT.match(line):
            ran += 1
            name = point["name"].strip() or f"test {point['number'] or ran}"
            names[name] += 1
            numbered = name if names[name] == 1 else f"{name} #{names[name]}"
            results[f"{file} > {numbered}"] = _status(point)
    if planned != ran:
        results[file] = CaseStatus.FAILED
    return results


def _status(point: re.Match[str]) -> CaseStatus:
    directive = (point["directive"] or "").lower()
    if directive == "skip":
        return CaseStatus.SKIPPED
    if point["not"]:
        return CaseStatus.XFAILED if directive == "todo" else CaseStatus.FAILED
    return CaseStatus.PASSED
