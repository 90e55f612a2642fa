"""`devassist audit tail`: the newest events."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Annotated

import typer

from devassist.app.wiring.project import open_reader
from devassist.cli.commands.audit.filters import (
    AgentOption,
    EventOutput,
    LimitOption,
    RoleOption,
    RunOption,
    SinceOption,
    TaskOption,
    TypeOption,
    UntilOption,
    chosen_events,
    show_events,
)
from devassist.cli.invocation import StreamFormat, of, print_line
from devassist.cli.view.narration import event_json, event_line


def tail(
    context: typer.Context,
    follow: Annotated[
        bool, typer.Option("-f", "--follow", help="Keep printing events as they are recorded.")
    ] = False,
    run: RunOption = "",
    task: TaskOption = "",
    agent: AgentOption = "",
    role: RoleOption = "",
    types: TypeOption = None,
    since: SinceOption = "",
    until: UntilOption = "",
    limit: LimitOption = 20,
    output: EventOutput = StreamFormat.text,
) -> None:
    """Print the newest events."""
    invocation = of(context)
    project = invocation.project()
    chosen = chosen_events(
        project,
        run=run,
        task=task,
        agent=agent,
        role=role,
        types=types,
        since=since,
        until=until,
        limit=limit,
    )
    with open_reader(project) as reader:
        seen = reader.head()[0]
        show_events(invocation, project, chosen, output)
        while follow:
            for record in reader.events(replace(chosen, after_seq=seen, limit=None)):
                seen = record.seq
                if output is StreamFormat.text:
                    invocation.answers.print(event_line(record), markup=False)
                else:
                    print_line(event_json(record))
            time.sleep(0.3)
