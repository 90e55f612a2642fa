"""The commands that failed in a task, with all of their output."""

from __future__ import annotations

from devassist.app.wiring.project import Project, open_reader
from devassist.domain.events import CommandRan
from devassist.domain.statuses import Purpose
from devassist.store.filters import EventFilter


def failed_commands(project: Project, run: str, task: str) -> list[CommandRan]:
    """In the order in which they ended; without those on the base, and those whose result was not new."""
    wanted = EventFilter(run=run, task=task, types=("command.ran",), failures=True)
    with open_reader(project) as reader:
        records = list(reader.events(wanted))
    commands = [record.body for record in records if isinstance(record.body, CommandRan)]
    return [ran for ran in commands if not ran.cached and ran.purpose is not Purpose.BASE]
