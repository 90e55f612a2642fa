"""`devassist stop`: end a run and keep its work."""

from __future__ import annotations

from typing import Annotated

import typer

from devassist.app.documents import run_document
from devassist.app.runs.ownership import live_runs
from devassist.app.runs.stopping import require_running, stop_run
from devassist.app.wiring.project import load_state
from devassist.app.wiring.standby import end_standby
from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output
from devassist.cli.run_argument import Run
from devassist.domain.errors import UsageError


def stop(
    context: typer.Context,
    run: Run = "",
    every: Annotated[
        bool,
        typer.Option(
            "--all", help="Every live run of this repository, and the process that waits for the next."
        ),
    ] = False,
    now: Annotated[bool, typer.Option("--now", help="Kill everything at once.")] = False,
    output: Output = Format.text,
) -> None:
    """Stop a run and keep its work under rescue refs."""
    invocation = of(context)
    project = invocation.project()
    if every and run:
        raise UsageError("a run and --all exclude each other", hint=f"devassist stop {run}")
    runs = live_runs(project) if every else [load_state(project, run or "@last").run]
    if not every:
        require_running(project, runs[0])
    invocation.say(f"stopping {', '.join(runs) or 'nothing: no run is active'}")
    stopped = [stop_run(project, name, now=now) for name in runs]
    if every and (waiting := end_standby(invocation.host)):
        invocation.say(f"ended process {waiting.pid}, which waited for the next run", style="dim")
    if output is Format.json:
        print_json({"schema": "devassist.stopped/1", "runs": [run_document(state) for state in stopped]})
        return
    for state in stopped:
        invocation.answers.print(f"{state.run} {state.status}")
        for agent, ref in state.rescued.items():
            invocation.say(f"  kept: uncommitted work of {agent} is in {ref}")
        invocation.suggest(f"  go on: {invocation.command(f'resume {state.run}')}")
