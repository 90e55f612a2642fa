"""`devassist discard`: drop a run's worktrees and branches."""

from __future__ import annotations

import typer

from devassist.app.runs.takeover import aftermath
from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output
from devassist.cli.run_argument import Run


def discard(context: typer.Context, run: Run = "@last", output: Output = Format.text) -> None:
    """
    Remove a run's worktrees and branches; all stays reachable.

    Everything stays reachable below refs/devassist/rescue.
    """
    invocation = of(context)
    project = invocation.project()
    with aftermath(project, run) as after:
        gone = after.discard()
    if output is Format.json:
        print_json({"schema": "devassist.discard/1", "run": after.state.run, "removed": list(gone)})
        return
    for name in gone:
        invocation.answers.print(f"removed {name}", markup=False)
    invocation.say(f"kept: git for-each-ref refs/devassist/rescue/{after.state.run}", style="dim")
