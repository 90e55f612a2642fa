"""`devassist worktrees list`: the agents' worktrees."""

from __future__ import annotations

import typer
from rich.table import Table

from devassist.app.runs.takeover import found_worktrees
from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output


def list_(context: typer.Context, output: Output = Format.text) -> None:
    """List the agents' worktrees with branch and state."""
    invocation = of(context)
    found = found_worktrees(invocation.project())
    if output is Format.json:
        print_json({"schema": "devassist.worktrees/1", "worktrees": found})
        return
    table = Table("worktree", "branch", "state", "path", box=None, padding=(0, 2), pad_edge=False)
    for one in found:
        state = "missing" if one["missing"] else "dirty" if one["dirty"] else "clean"
        table.add_row(one["name"], one["branch"] or "(detached)", state, one["path"])
    invocation.answers.print(table)
