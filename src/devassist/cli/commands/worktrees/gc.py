"""`devassist worktrees gc`: remove worktrees that are kept elsewhere."""

from __future__ import annotations

from typing import Annotated

import typer

from devassist.app.runs.takeover import collect_worktrees
from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output


def gc(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    output: Output = Format.text,
) -> None:
    """Remove worktrees whose content is provably kept elsewhere."""
    invocation = of(context)
    outcome = collect_worktrees(invocation.project(), dry_run=dry_run)
    if output is Format.json:
        print_json({"schema": "devassist.gc/1", "dry_run": dry_run, "worktrees": outcome})
        return
    for one in outcome:
        verb = "kept" if one["reason"] else "would remove" if dry_run else "removed"
        why = f": {one['reason']}" if one["reason"] else ""
        invocation.answers.print(f"{verb} {one['path']}{why}", markup=False)
