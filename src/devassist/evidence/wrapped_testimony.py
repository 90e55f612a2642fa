"""What each wrapped run reported, by the reader of its runner's form."""

from __future__ import annotations

from dataclasses import replace
from itertools import dropwhile
from pathlib import Path

from devassist.domain.ledger import CaseStatus
from devassist.evidence import go_events, jest_report, junit_xml, libtest_text, node_events, tap
from devassist.evidence.report_files import content, files_below
from devassist.evidence.testimony import Testimony, within
from devassist.evidence.wrapped_runs import WrappedRun

_ALWAYS_REPORT = frozenset({"jest", "node"})
_MOST_TAP = 16 << 20
_NAMES = {
    "cargo": "cargo test",
    "ctest": "ctest",
    "go": "go test",
    "jest": "jest",
    "node": "node",
    "prove": "prove",
    "vitest": "vitest",
}


def wrapped_testimony(run: WrappedRun, *, tree: Path) -> Testimony:
    """
    A run that ended badly and reported no case may have been called wrongly: it began, and that is all.

    One that ended well without any report was made to, if its runner always writes one; else it ran nothing.
    """
    name = _NAMES.get(run.runner)
    if name is None:
        return Testimony()
    told = _told(run, tree) or Testimony(runners=frozenset({name}), complete=run.runner not in _ALWAYS_REPORT)
    if run.code is None:
        return replace(told, complete=False)
    if run.code and not told.cases:
        return Testimony(began=frozenset({name}))
    return told


def _told(run: WrappedRun, tree: Path) -> Testimony | None:
    if run.runner == "prove":
        return _prove(run, tree)
    if not run.report:
        return None
    match run.runner:
        case "go":
            return go_events.testimony(run.report)
        case "cargo":
            return libtest_text.testimony(run.report, run.notes)
        case "node":
            return node_events.testimony(run.report, tree=tree)
        case "jest" | "vitest":
            return jest_report.testimony(run.report, tree=tree, runner=run.runner)
        case "ctest":
            return junit_xml.testimony(run.report, runner="ctest")
        case _:
            return None


def _prove(run: WrappedRun, tree: Path) -> Testimony:
    """Test files are named by their path from the tree; the wrapper noted the directory it was in."""
    directory = run.notes.decode("utf-8", "replace").strip()
    place = within(tree, directory) if directory != str(tree) else ""
    cases: dict[str, CaseStatus] = {}
    for path in files_below(run.tap):
        parts = path.relative_to(run.tap).parts
        file = "/".join(dropwhile("-".__eq__, parts))
        text = content(path, most=_MOST_TAP).decode("utf-8", "replace")
        cases.update(tap.cases(text, file=f"{place}/{file}" if place else file))
    return Testimony(runners=frozenset({"prove"}), cases=cases)
