"""`devassist demo`: everything on a sample repository."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from devassist.app.demo.sample import make_demo
from devassist.app.runs.running import start_run
from devassist.cli.invocation import StreamFormat, of
from devassist.cli.view.run_session import answer, show_run


def demo(
    context: typer.Context,
    directory: Annotated[Path | None, typer.Argument(help="Where to make the sample repository.")] = None,
    output: Annotated[
        StreamFormat, typer.Option("--format", help="text, json or ndjson.")
    ] = StreamFormat.text,
) -> None:
    """
    Run everything on a sample repository, without a key or network.

    Only the model's replies are scripted.
    """
    invocation = of(context)
    where = None if directory is None else (invocation.host.directory / directory).resolve()
    sample = make_demo(invocation.host, where)
    invocation.say(
        f"The sample repository is {sample.project.repository.root}. The model is scripted: its words are written "
        "beforehand.\nEverything else is real: processes, worktrees, sandbox, tests, merges, audit log.\n"
    )
    state = show_run(
        invocation,
        sample.project,
        lambda sinks: start_run(sample.project, sample.options, sinks=sinks),
        output,
    )
    root = str(sample.project.repository.root)
    answer(invocation, state, output, at=root)
    if output is StreamFormat.text:
        invocation.answers.print("\nLook at it:", markup=False)
        task = f"/{state.work()[0].id}" if state.work() else ""
        for command in (f"show {state.run}{task}", "audit verify"):
            invocation.answers.print(
                f"  {invocation.command(command, at=root)}", markup=False, soft_wrap=True
            )
    raise typer.Exit(state.exit_code)
