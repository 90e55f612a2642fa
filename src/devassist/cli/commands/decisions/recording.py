"""How a decision is recorded, and whether its run goes on with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from devassist.app.runs.decisions import Word, decide_all, inbox
from devassist.app.runs.ownership import is_alive
from devassist.app.runs.requesting import ResumeOptions
from devassist.app.runs.running import project_of_run, resume_run
from devassist.app.wiring.project import Project, load_state
from devassist.cli.invocation import Format, Invocation, StreamFormat, of, print_json
from devassist.cli.view.run_session import launch
from devassist.domain.errors import DevassistError


def complete_request(context: typer.Context, incomplete: str) -> list[str]:
    """Ids of open requests for shell completion."""
    try:
        found = inbox(of(context).project())
    except Exception:  # noqa: BLE001  completion never complains
        return []
    return [item.asked.id for item in found if item.asked.id.startswith(incomplete)]


Ids = Annotated[
    list[str],
    typer.Argument(
        metavar="ID...", help="Request ids, or their beginnings.", autocompletion=complete_request
    ),
]


NoResume = Annotated[
    bool, typer.Option("--no-resume", help="Do not go on with a background run that has ended waiting.")
]


def record_decision(
    invocation: Invocation, ids: Sequence[str], word: Word, no_resume: bool, output: Format
) -> None:
    project = invocation.project()
    items = decide_all(project, ids, word)
    runs = list(dict.fromkeys(item.run for item in items))
    going = {run: _go_on(invocation, project, run, no_resume) for run in runs}
    if output is Format.json:
        listed = [
            {"id": item.asked.id, "run": item.run, "choice": word.choice, "run_goes_on": going[item.run]}
            for item in items
        ]
        print_json({"schema": "devassist.decided/1", "items": listed})
        return
    for item in items:
        invocation.answers.print(f"{item.asked.id} {_done(word)}", markup=False)
    for run in [run for run, alive in going.items() if not alive]:
        invocation.say(f"go on: devassist resume {run}", style="dim")


def _done(word: Word) -> str:
    return {"approve": "approved", "reject": "rejected", "answer": "answered"}[word.choice]


def _go_on(invocation: Invocation, project: Project, run: str, no_resume: bool) -> bool:
    """Whether the run is at work: a background run that has ended waiting is taken up again."""
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
        invocation.say(f"{run} could not go on: {error}", style="yellow")
        return False
    return True
