"""`devassist audit search`: events that mention a text."""

from __future__ import annotations

from typing import Annotated

import typer

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
from devassist.cli.invocation import StreamFormat, of


def search(
    context: typer.Context,
    text: Annotated[
        str, typer.Argument(help="Found in data, prompts, replies and results; case does not matter.")
    ],
    run: RunOption = "",
    task: TaskOption = "",
    agent: AgentOption = "",
    role: RoleOption = "",
    types: TypeOption = None,
    since: SinceOption = "",
    until: UntilOption = "",
    limit: LimitOption = None,
    output: EventOutput = StreamFormat.text,
) -> None:
    """List events that mention TEXT."""
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
        text=text,
    )
    show_events(invocation, project, chosen, output)
