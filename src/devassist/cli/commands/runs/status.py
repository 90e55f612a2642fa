"""`devassist status`: the runs of this repository."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import typer

from devassist.app.runs.ownership import present
from devassist.app.wiring.project import (
    OUTLINE,
    Project,
    fold_run,
    load_state,
    open_reader,
)
from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output, complete_run
from devassist.cli.view.render import runs_table
from devassist.domain.errors import NotFound
from devassist.domain.state.run import RunState


def status(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="One run only.", autocompletion=complete_run)] = "",
    output: Output = Format.text,
) -> None:
    """List the runs of this repository and what each waits for."""
    invocation = of(context)
    project = invocation.project()
    runs = [_status_of(state) for state in _states(project, run)]
    if output is Format.json:
        print_json({"schema": "devassist.status/1", "runs": runs})
    elif runs:
        invocation.answers.print(runs_table(runs))
    else:
        invocation.say("no runs yet; start one with: devassist run 'what is wanted'")


def _states(project: Project, run: str) -> Iterable[RunState]:
    if run:
        return [present(project, load_state(project, run))]
    try:
        with open_reader(project) as reader:
            found = [fold_run(reader, name, types=OUTLINE) for name in reader.runs()]
    except NotFound:
        return []
    return [present(project, state) for state in found if not state.discarded]


def _status_of(state: RunState) -> dict[str, Any]:
    tasks: dict[str, int] = {}
    for task in state.work():
        tasks[str(task.status)] = tasks.get(str(task.status), 0) + 1
    return {
        "run": state.run,
        "status": str(state.status),
        "goal": state.goal,
        "started_at": state.started_at,
        "tasks": tasks,
        "waiting": len(state.waiting),
        "waits_for": [request.question for request in state.waiting],
        "error": state.error or None,
        "hint": state.hint or None,
    }
