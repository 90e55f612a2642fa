"""`devassist watch`: follow a run from any terminal."""

from __future__ import annotations

from typing import Annotated

import typer

from devassist.app.runs.following import follow
from devassist.app.wiring.project import Project, load_state
from devassist.cli.invocation import Invocation, StreamFormat, of
from devassist.cli.run_argument import Run
from devassist.cli.view.run_session import answer, show_run


def watch(
    context: typer.Context,
    run: Run = "@last",
    output: Annotated[
        StreamFormat, typer.Option("--format", help="text, json or ndjson.")
    ] = StreamFormat.text,
) -> None:
    """Follow a run live; Ctrl-C detaches and leaves it running."""
    invocation = of(context)
    project = invocation.project()
    follow_to_end(invocation, project, load_state(project, run).run, output)


def follow_to_end(invocation: Invocation, project: Project, run: str, output: StreamFormat) -> None:
    # Asked before the live view, which replaces stderr by a stream that is not a terminal.
    past = output is not StreamFormat.text or _live(invocation)
    try:
        state = show_run(
            invocation, project, lambda sinks: follow(project, run, sinks, past=past), output, watched=True
        )
    except KeyboardInterrupt:
        invocation.say(f"detached; {run} goes on", style="yellow")
        raise typer.Exit(0) from None
    answer(invocation, state, output)
    raise typer.Exit(state.exit_code)


def _live(invocation: Invocation) -> bool:
    return invocation.interactive and not invocation.verbosity
