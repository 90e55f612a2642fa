"""`devassist diff`: the changes of a run."""

from __future__ import annotations

from typing import Annotated

import typer

from devassist.app.wiring.project import (
    base_of,
    load_state,
    require_result,
)
from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output
from devassist.cli.run_argument import Run
from devassist.cli.view.pager import paged, print_diff


def diff(
    context: typer.Context,
    run: Run = "@last",
    stat: Annotated[bool, typer.Option("--stat", help="Only which files, and how much.")] = False,
    output: Output = Format.text,
) -> None:
    """Show what a run's result changes against its base."""
    invocation = of(context)
    project = invocation.project()
    state = load_state(project, run)
    result = require_result(project, state)
    base = base_of(project, state)
    text = project.repository.diff(base, result, stat=stat)
    if output is Format.json:
        paths = list(project.repository.changed_paths(base, result))
        facts = {"run": state.run, "base": base, "result": result, "paths": paths, "diff": text}
        print_json({"schema": "devassist.diff/1", **facts})
        return
    with paged(invocation, project):
        print_diff(invocation, text)
