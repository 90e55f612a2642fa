"""`devassist retry`: start a task again."""

from __future__ import annotations

from typing import Annotated

import typer

from devassist.app.runs.decisions import post_note, retry_task
from devassist.app.runs.ownership import is_alive
from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output, Task
from devassist.cli.run_argument import Run


def retry(
    context: typer.Context,
    run: Run,
    task: Task,
    reason: Annotated[str, typer.Option(help="What the next attempt should pay attention to.")] = "",
    output: Output = Format.text,
) -> None:
    """Start a task again, on top of what it has committed."""
    invocation = of(context)
    project = invocation.project()
    state = retry_task(project, run, task, reason)
    if reason:
        post_note(project, state.run, task, reason)
    alive = is_alive(project, state.run)
    if output is Format.json:
        print_json({"schema": "devassist.retry/1", "run": state.run, "task": task, "live": alive})
        return
    invocation.say(
        f"{task} starts again"
        if alive
        else f"{task} starts again when the run is resumed: {invocation.command(f'resume {state.run}')}"
    )
