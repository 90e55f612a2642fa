"""The options of the `audit` commands that choose events."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Annotated

import typer

from devassist.app.wiring.host import utc_now
from devassist.app.wiring.project import Project, open_reader
from devassist.cli.invocation import Invocation, StreamFormat, print_json, print_line
from devassist.cli.run_argument import complete_role, complete_run, complete_task
from devassist.cli.view.narration import event_json, event_line
from devassist.store.filters import EventFilter

_SPAN = re.compile(r"(\d+)([smhdw])")


_UNIT = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


RunOption = Annotated[
    str, typer.Option("--run", help="Run id, its beginning, or @last.", autocompletion=complete_run)
]


TaskOption = Annotated[str, typer.Option("--task", help="Task id.", autocompletion=complete_task)]


AgentOption = Annotated[str, typer.Option("--agent", help="TASK/ROLE.")]


RoleOption = Annotated[str, typer.Option("--role", help="Role.", autocompletion=complete_role)]


TypeOption = Annotated[
    list[str] | None, typer.Option("--type", help="Event type or its beginning; repeatable.")
]


SinceOption = Annotated[str, typer.Option("--since", help="30m, 24h, 7d or an ISO time.")]


UntilOption = Annotated[str, typer.Option("--until", help="30m, 24h, 7d or an ISO time.")]


LimitOption = Annotated[int | None, typer.Option("--limit", min=1, help="The newest N.")]


EventOutput = Annotated[StreamFormat, typer.Option("--format", help="text, json or ndjson.")]


def moment(text: str) -> str | None:
    """The ISO time that a span such as 24h ago was; any other text as it is, None if it is empty."""
    if not text:
        return None
    match = _SPAN.fullmatch(text)
    if match is None:
        return text
    return (utc_now() - timedelta(**{_UNIT[match[2]]: int(match[1])})).isoformat()


def chosen_events(
    project: Project,
    *,
    run: str,
    task: str,
    agent: str,
    role: str,
    types: list[str] | None,
    since: str,
    until: str,
    limit: int | None,
    text: str = "",
) -> EventFilter:
    """The filter that the options ask for. Raises NotFound if there is no such run."""
    name = ""
    if run:
        with open_reader(project) as reader:
            name = reader.find_run(run)
    return EventFilter(
        run=name,
        task=task,
        agent=agent,
        role=role,
        types=tuple(types or ()),
        since=moment(since),
        until=moment(until),
        limit=limit,
        text=text,
    )


def show_events(invocation: Invocation, project: Project, chosen: EventFilter, output: StreamFormat) -> None:
    """Print the events of a filter; with a limit these are its newest ones, the oldest first."""
    backwards = replace(chosen, newest_first=chosen.limit is not None)
    with open_reader(project) as reader:
        records = list(reader.events(backwards, raw=output is StreamFormat.text))
    if backwards.newest_first:
        records.reverse()
    if output is StreamFormat.json:
        print_json({"schema": "devassist.events/1", "events": [event_json(record) for record in records]})
        return
    for record in records:
        if output is StreamFormat.ndjson:
            print_line(event_json(record))
        else:
            invocation.answers.print(event_line(record), markup=False)
