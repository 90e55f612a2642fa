"""What the test runners of one command reported, before it is held against how the command ended."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from devassist.domain.ledger import CaseStatus

_WEIGHT = {CaseStatus.FAILED: 3, CaseStatus.PASSED: 2, CaseStatus.XFAILED: 1, CaseStatus.SKIPPED: 0}
_MOST_FOREIGN = 20
_LINE_BREAK = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
"""What `str.splitlines` takes for the end of a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Testimony:
    """
    The reports of one or more sessions. `began` are runners that started and came to no session at all.

    `runners` are those that had a session; `complete` is False if one of these did not reach its end.
    """

    runners: frozenset[str] = frozenset()
    cases: Mapping[str, CaseStatus] = field(default_factory=dict)
    complete: bool = True
    began: frozenset[str] = frozenset()
    foreign: tuple[str, ...] = ()
    """Modules of the tree that were imported from elsewhere: `name from path`."""


def merged(parts: Iterable[Testimony], *, tree: Path) -> Testimony:
    """
    All of them together. Of a case that ran more than once, a failure counts first, then that it ran.

    Ids and places are without the path of `tree`, which differs from run to run. Each id is one line, so that a ledger
    of the log has the same ids as the one that was recorded.
    """
    place = f"{tree}/"
    cases: dict[str, CaseStatus] = {}
    runners: set[str] = set()
    began: set[str] = set()
    foreign: dict[str, None] = {}
    complete = True
    for part in parts:
        runners |= part.runners
        began |= part.began
        foreign |= dict.fromkeys(module.replace(place, "") for module in part.foreign)
        complete = complete and part.complete
        for named, status in part.cases.items():
            case = _LINE_BREAK.sub(_escaped, named.replace(place, ""))
            cases[case] = weightier(cases.get(case), status)
    return Testimony(
        runners=frozenset(runners),
        cases=cases,
        complete=complete,
        began=frozenset(began),
        foreign=tuple(foreign)[:_MOST_FOREIGN],
    )


def _escaped(line_break: re.Match[str]) -> str:
    return line_break[0].encode("unicode_escape").decode("ascii")


def weightier(earlier: CaseStatus | None, later: CaseStatus) -> CaseStatus:
    """Which of two outcomes of one case counts."""
    if earlier is None or _WEIGHT[earlier] < _WEIGHT[later]:
        return later
    return earlier


def within(tree: Path, path: str) -> str:
    """`path` relative to `tree` if it is below it, else as it is."""
    for root in (f"{tree}/", f"{tree.resolve()}/"):
        if path.startswith(root):
            return path[len(root) :]
    return path
