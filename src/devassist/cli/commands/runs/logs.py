"""`devassist logs`: what happened in a run, in order."""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import Annotated

import typer

from devassist.app.documents import Json
from devassist.app.wiring.project import load_state, open_reader
from devassist.cli.invocation import StreamFormat, of, print_json, print_line
from devassist.cli.run_argument import Run, complete_role, complete_task
from devassist.cli.view.narration import event_json, event_line
from devassist.cli.view.pager import paged
from devassist.domain.statuses import RunStatus
from devassist.store.filters import EventFilter


def logs(
    context: typer.Context,
    run: Run = "@last",
    follow: Annotated[
        bool, typer.Option("-f", "--follow", help="Keep printing until the run has ended.")
    ] = False,
    agent: Annotated[
        str, typer.Option(help="Only this agent (TASK/ROLE) or role.", autocompletion=complete_role)
    ] = "",
    task: Annotated[str, typer.Option(help="Only this task.", autocompletion=complete_task)] = "",
    output: Annotated[
        StreamFormat, typer.Option("--format", help="text, json or ndjson.")
    ] = StreamFormat.text,
) -> None:
    """Print what happened in a run, in order."""
    invocation = of(context)
    project = invocation.project()
    pages = paged(invocation, project) if output is StreamFormat.text and not follow else nullcontext()
    with open_reader(project) as reader, pages:
        name = reader.find_run(run)
        whole = "/" in agent
        seen = 0
        collected: list[Json] = []
        while True:
            chosen = EventFilter(
                run=name, task=task, after_seq=seen, agent=agent if whole else "", role="" if whole else agent
            )
            for record in reader.events(chosen, raw=output is StreamFormat.text):
                seen = record.seq
                if output is StreamFormat.text:
                    invocation.answers.print(event_line(record), markup=False, soft_wrap=True)
                elif output is StreamFormat.ndjson:
                    print_line(event_json(record))
                else:
                    collected.append(event_json(record))
            if not follow or load_state(project, name).status is not RunStatus.RUNNING:
                break
            time.sleep(0.3)
    if output is StreamFormat.json:
        print_json({"schema": "devassist.events/1", "events": collected})
