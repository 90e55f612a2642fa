"""`devassist note`: tell the agent at work on a task something."""

from __future__ import annotations

from typing import Annotated

import typer

from devassist.app.runs.decisions import post_note
from devassist.app.runs.ownership import is_alive
from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output, Task
from devassist.cli.run_argument import Run
from devassist.domain.errors import UsageError


def note(
    context: typer.Context,
    run: Run,
    task: Task,
    text: Annotated[str, typer.Argument(help="The text that the agent gets before its next model call.")],
    output: Output = Format.text,
) -> None:
    """Tell the agent at work on a task something."""
    invocation = of(context)
    project = invocation.project()
    if not text.strip():
        raise UsageError("the note is empty", hint=f"devassist note {run} {task} 'what it should know'")
    state = post_note(project, run, task, text.strip())
    alive = is_alive(project, state.run)
    if output is Format.json:
        print_json({"schema": "devassist.note/1", "run": state.run, "task": task, "live": alive})
        return
    when = (
        "at its next turn"
        if alive
        else f"when the run is resumed: {invocation.command(f'resume {state.run}')}"
    )
    invocation.say(f"noted; {task} gets it {when}")
