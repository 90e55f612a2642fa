"""`devassist apply`: put a result's net change into the files."""

from __future__ import annotations

import typer

from devassist.app.runs.takeover import aftermath
from devassist.app.wiring.project import base_of, require_result
from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output
from devassist.cli.run_argument import Run


def apply(context: typer.Context, run: Run = "@last", output: Output = Format.text) -> None:
    """Put a run's net change into your files, for a commit of yours."""
    invocation = of(context)
    project = invocation.project()
    with aftermath(project, run) as after:
        result = require_result(project, after.state)
        paths = after.apply(base_of(project, after.state), result)
    if output is Format.json:
        print_json({"schema": "devassist.apply/1", "run": after.state.run, "paths": list(paths)})
        return
    for path in paths:
        invocation.answers.print(path, markup=False)
    invocation.say("commit it with: git commit", style="dim")
