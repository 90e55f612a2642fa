"""What each wrapped run reported, by the reader of its runner's form."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from devassist.evidence import go_events, libtest_text
from devassist.evidence.testimony import Testimony
from devassist.evidence.wrapped_runs import WrappedRun

_NAMES = {"go": "go test", "cargo": "cargo test"}


def wrapped_testimony(run: WrappedRun, *, tree: Path) -> Testimony:  # noqa: ARG001
    """A run that ended badly without a report may have been the wrong call, one that ended well was made to."""
    told = _told(run)
    if told is None or not (told.cases or run.code == 0):
        name = _NAMES.get(run.runner)
        began = frozenset({name} if name else ())
        return Testimony(began=began, complete=not name or bool(run.code))
    return told if run.code is not None else replace(told, complete=False)


def _told(run: WrappedRun) -> Testimony | None:
    if not run.report:
        return None
    match run.runner:
        case "go":
            return go_events.testimony(run.report)
        case "cargo":
            return libtest_text.testimony(run.report, run.notes)
        case _:
            return None
