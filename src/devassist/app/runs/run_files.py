"""The files that a run writes: `run.json`, its report, and the artifacts of a CI job."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from devassist.app.wiring.project import Project, open_reader
from devassist.app.wiring.task_diff import task_diffs
from devassist.domain.events import Record
from devassist.ports import EventSink
from devassist.reports.files import Artifacts, RunFile
from devassist.store.filters import EventFilter

_STEERING = ("approval", "note", "stop", "task.retried")
"""Types of the events that processes record for a run which they do not own."""


def run_files(
    project: Project, artifacts: Path | None, *, before: Iterable[Record] = ()
) -> Sequence[EventSink]:
    """
    The sinks that write `run.json` and the report, and with `artifacts` those for the files of a CI job.

    `before` are the run's earlier records, if this process resumes it.
    """

    def others(run: str, seq: int) -> Sequence[Record]:
        with open_reader(project) as reader:
            return list(reader.events(EventFilter(run=run, types=_STEERING, after_seq=seq)))

    sinks: list[RunFile | Artifacts] = [RunFile(runs=project.runs, reports=project.reports, heard=others)]
    sinks += (
        [] if artifacts is None else [Artifacts(artifacts, heard=others, diffs=partial(task_diffs, project))]
    )
    earlier = list(before)
    for sink in sinks:
        sink.catch_up(earlier)
    return sinks
