"""Records a decision, and resumes a background run that has ended waiting for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from devassist.app.runs.decisions import Choice, Decision, decide_all
from devassist.app.runs.ownership import is_alive
from devassist.app.runs.requesting import ResumeOptions
from devassist.app.runs.running import project_of_run, resume_run
from devassist.app.wiring.project import Project, load_state
from devassist.cli.invocation import Format, Invocation, StreamFormat, print_json
from devassist.cli.run_argument import complete_request
from devassist.cli.view.run_session import launch
from devassist.domain.errors import DevassistError

_DECIDED = {Choice.APPROVE: "approved", Choice.REJECT: "rejected", Choice.ANSWER: "answered"}

Ids = Annotated[
    list[str],
    typer.Argument(
        metavar="ID...", help="Request ids, or their beginnings.", autocompletion=complete_request
    ),
]


NoResume = Annotated[
    bool, typer.Option("--no-resume", help="Do not resume a background run that has ended waiting.")
]


def record_decision(
    invocation: Invocation, ids: Sequence[str], decision: Decision, *, no_resume: bool, output: Format
) -> None:
    project = invocation.project()
    items = decide_all(project, ids, decision)
    runs = dict.fromkeys(item.run for item in items)
    running = {run: _resume_if_waiting(invocation, project, run, no_resume=no_resume) for run in runs}
    if output is Format.json:
        listed = [
            {
                "id": item.request.id,
                "run": item.run,
                "choice": decision.choice,
                "run_goes_on": running[item.run],
            }
            for item in items
        ]
        print_json({"schema": "devassist.decided/1", "items": listed})
        return
    for item in items:
        invocation.answers.print(f"{item.request.id} {_DECIDED[decision.choice]}", markup=False)
    for run in [run for run, alive in running.items() if not alive]:
        invocation.suggest(f"go on: {invocation.command(f'resume {run}')}")


def _resume_if_waiting(invocation: Invocation, project: Project, run: str, *, no_resume: bool) -> bool:
    """Whether the run is running now: a background run that has ended waiting for a person is resumed."""
    if is_alive(project, run):
        return True
    state = load_state(project, run)
    if no_resume or state.waiting or not state.sessions or not state.sessions[-1].detached:
        return False
    own, _ = project_of_run(project, run, {})
    options = ResumeOptions(detached=True)
    quiet = Invocation(host=invocation.host, quiet=True)
    try:
        launch(
            quiet,
            own,
            lambda sinks: resume_run(own, run, options, sinks=sinks),
            StreamFormat.text,
            answers=False,
        )
    except DevassistError as error:
        invocation.say(f"{run} could not be resumed: {error}", style="yellow")
        return False
    return True
