"""`devassist status`: the runs of this repository."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated

import typer

from devassist.app.documents import Json
from devassist.app.runs.ownership import present
from devassist.app.wiring.project import OUTLINE, Project, fold_run, load_state, open_reader
from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output
from devassist.cli.run_argument import complete_run
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
    states = list(_states(project, run))
    if output is Format.json:
        print_json({"schema": "devassist.status/1", "runs": [_status_document(state) for state in states]})
    elif states:
        invocation.answers.print(runs_table(states))
    else:
        invocation.say("no runs yet; start one with: devassist run 'what is wanted'")


def _states(project: Project, run: str) -> Iterable[RunState]:
    if run:
        return [present(project, load_state(project, run))]
    try:
        with open_reader(project) as reader:
            states = [fold_run(reader, name, types=OUTLINE) for name in reader.runs()]
    except NotFound:
        return []
    return [present(project, state) for state in states if not state.discarded]


def _status_document(state: RunState) -> Json:
    return {
        "run": state.run,
        "status": str(state.status),
        "goal": state.goal,
        "started_at": state.started_at,
        "tasks": Counter(str(task.status) for task in state.work()),
        "waiting": len(state.waiting),
        "waits_for": [request.question for request in state.waiting],
        "error": state.error or None,
        "hint": state.hint or None,
    }
