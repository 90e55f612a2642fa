"""Files about a run that others read while it goes on and afterwards: each written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from devassist.domain.events import EventType, Record
from devassist.reports.document import conflicts_sarif
from devassist.reports.event_document import event_document
from devassist.reports.latest import LatestFile, write_whole
from devassist.reports.markdown import markdown
from devassist.reports.page import page
from devassist.reports.run_document import RunDocument, indented
from devassist.reports.story import Story

_TELLING = ("run.", "plan.", "task.", "round.", "conflict.", "approval.", "merge.", "warning.")
"""Beginnings of the event types after which `run.json` may read differently."""


Heard = Callable[[str, int], Iterable[Record]]
"""What has been said to a run since a place in the log, by other processes too: answers, notes, a stop."""


def nothing_heard(_run: str, _seq: int) -> Iterable[Record]:
    return ()


@dataclass
class _Follower:
    """Folds a run as its records come. What other processes record comes by way of `heard`, where it may matter."""

    heard: Heard = field(default=nothing_heard, kw_only=True)
    _story: Story = field(default_factory=Story, kw_only=True)
    _file: LatestFile | None = field(default=None, kw_only=True)
    _own: set[int] = field(default_factory=set, kw_only=True)
    _asked: int = field(default=0, kw_only=True)

    def catch_up(self, records: Iterable[Record]) -> None:
        """Take in what was recorded before this process began, writing nothing."""
        for record in records:
            self._story.apply(record)
            self._asked = record.seq

    def settle(self) -> None:
        """Wait until `run.json` says what was written last."""
        if self._file is not None:
            self._file.settle()

    def _taken(self, record: Record) -> list[Record]:
        """The records that this one brings: before it those of other processes that nobody handed over."""
        missed: list[Record] = []
        if record.type.startswith(_TELLING):
            if self._asked:
                heard = self.heard(self._story.state.run, self._asked)
                missed = [one for one in heard if one.seq < record.seq and one.seq not in self._own]
            self._asked = record.seq
            self._own.clear()
        self._own.add(record.seq)
        for one in (*missed, record):
            self._story.apply(one)
        return [*missed, record]


@dataclass
class RunFile(_Follower):
    """An EventSink that keeps `runs/<run>/run.json` and, at the end, the run's Markdown report."""

    runs: Path
    reports: Path

    def write(self, record: Record) -> None:
        """Raises OSError; the log then detaches this sink and records a warning."""
        self._taken(record)
        state = self._story.state
        if not state.run:
            return
        self._file = self._file or LatestFile(self.runs / state.run / "run.json")
        try:
            if record.type is EventType.RUN_FINISHED:
                write_whole(self.reports / f"{state.run}.md", markdown(self._story))
        finally:
            _tell(self._file, record, self._story)


@dataclass
class Artifacts(_Follower):
    """
    An EventSink for a CI job: `run.json`, `events.ndjson`, `junit.xml`, `report.md`, `report.html`, `conflicts.sarif`.

    The first two are there from the first record on, the others at the end.
    """

    directory: Path
    diffs: Callable[[Story], Mapping[str, str]] = field(default=lambda _story: {}, kw_only=True)
    """What each task changes, for the page."""

    def write(self, record: Record) -> None:
        """Raises OSError; the log then detaches this sink and records a warning."""
        first = not self._story.first_at
        taken = self._taken(record)
        if first:
            self._clear()
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "events.ndjson").open("a", encoding="utf-8", errors="backslashreplace") as out:
            for one in taken:
                out.write(json.dumps(event_document(one), ensure_ascii=False) + "\n")
        self._file = self._file or LatestFile(self.directory / "run.json")
        try:
            if record.type is EventType.RUN_FINISHED:
                self._finish()
        finally:  # last of all: who waits for the end by run.json finds everything else in place
            _tell(self._file, record, self._story)

    def _clear(self) -> None:
        """What an earlier run left here would be read as this one's."""
        self.directory.mkdir(parents=True, exist_ok=True)
        for name in ("run.json", "events.ndjson", "conflicts.sarif", "junit.xml", "report.md", "report.html"):
            (self.directory / name).unlink(missing_ok=True)

    def _finish(self) -> None:
        from devassist.reports.junit import junit

        write_whole(self.directory / "junit.xml", junit(self._story))
        write_whole(self.directory / "report.md", markdown(self._story))
        write_whole(self.directory / "report.html", page(self._story, self.diffs(self._story)))
        if self._story.state.conflicts:
            write_whole(self.directory / "conflicts.sarif", indented(conflicts_sarif(self._story)))


def _tell(file: LatestFile, record: Record, story: Story) -> None:
    """Soon, as a rule; at the start and from the end on before anything else happens."""
    if record.type.startswith(_TELLING):
        file.put(indented(RunDocument.of(story.state)))
    if record.type is EventType.RUN_STARTED or story.state.finished_at:
        file.settle()
