"""The files that a run writes about itself: `run.json`, its report, and a CI job's artifacts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from devassist.app.wiring.project import Project, open_reader
from devassist.domain.events import Record
from devassist.ports import EventSink
from devassist.reports.files import Artifacts, RunFile
from devassist.store.filters import EventFilter

_SAID = ("approval", "note", "stop", "task.retried")
"""What may be recorded about a run by a process that does not own it."""


def run_files(
    project: Project, artifacts: Path | None, *, before: Iterable[Record] = ()
) -> Sequence[EventSink]:
    """
    The sinks of every run: its `run.json` and report, and the files of a CI job where they were asked for.

    `before` is what was recorded of the run already, where this process goes on with it.
    """

    def heard(run: str, seq: int) -> Sequence[Record]:
        with open_reader(project) as reader:
            return list(reader.events(EventFilter(run=run, types=_SAID, after_seq=seq)))

    sinks: list[RunFile | Artifacts] = [RunFile(runs=project.runs, reports=project.reports, heard=heard)]
    sinks += [] if artifacts is None else [Artifacts(artifacts, heard=heard)]
    known = list(before)
    for sink in sinks:
        sink.catch_up(known)
    return sinks
