"""`devassist undo`: take a landed run back out."""

from __future__ import annotations

from typing import Annotated

import typer

from devassist.app.runs.takeover import undoing
from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output
from devassist.cli.run_argument import Run


def undo(
    context: typer.Context,
    run: Run = "@last",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would be undone.")] = False,
    no_sign: Annotated[
        bool, typer.Option("--no-sign", help="Do not sign, whatever commit.gpgsign says.")
    ] = False,
    output: Output = Format.text,
) -> None:
    """Take a merged or applied run back out."""
    invocation = of(context)
    project = invocation.project()
    with undoing(project, run) as work:
        plan = work.plan()
        done = plan if dry_run else work.carry_out(plan, sign=not no_sign)
    if output is Format.json:
        print_json(
            {
                "schema": "devassist.undo/1",
                "run": work.after.state.run,
                "dry_run": dry_run,
                "how": done.how,
                "branch": done.branch or None,
                "old": done.old or None,
                "commit": done.new or None,
                "paths": list(done.paths),
                "stat": done.stat,
            }
        )
        return
    invocation.answers.print(done.stat.rstrip(), markup=False, highlight=False)
    where = (
        f"{done.branch}: {done.old[:12]}..{done.new[:12] or 'a new commit'}" if done.branch else "your files"
    )
    would = "would be " if dry_run else ""
    invocation.answers.print(f"{work.after.state.run} {would}{done.how}: {where}", markup=False)
    if not dry_run:
        invocation.suggest(f"again: {invocation.command(f'merge {work.after.state.run}')}")
