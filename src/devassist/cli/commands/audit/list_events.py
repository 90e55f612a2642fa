"""`devassist audit list`: events by run, task, agent, role, type and time."""

from __future__ import annotations

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


def list_(
    context: typer.Context,
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
    """List events, oldest first."""
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
    show_events(invocation, project, chosen, output)
