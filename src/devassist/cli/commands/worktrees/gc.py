"""`devassist worktrees`: what is on disk, where, and what may go."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from devassist.app.runs.takeover import collect_worktrees, found_worktrees
from devassist.cli.commands.runs.status import Output
from devassist.cli.invocation import Format, of, print_json
from devassist.domain.errors import NotFound

app = typer.Typer(help="List, find and clean up the agents' worktrees.", no_args_is_help=True)


@app.command("list")
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


@app.command()
def path(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="RUN/TASK/ROLE, or a branch.")],
    output: Output = Format.text,
) -> None:
    """Print the directory of one worktree: cd "$(devassist worktrees path ...)"."""
    invocation = of(context)
    wanted = name.removeprefix("devassist/")
    for one in found_worktrees(invocation.project()):
        if wanted in (one["name"], (one["branch"] or "").removeprefix("devassist/")):
            if output is Format.json:
                print_json({"schema": "devassist.worktree/1", **one})
                return
            print(one["path"])  # noqa: T201  one path, for a shell
            return
    raise NotFound(f"there is no worktree {name!r}", hint="devassist worktrees list")


@app.command()
def gc(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    output: Output = Format.text,
) -> None:
    """Remove worktrees of ended runs whose content is provably kept elsewhere; say why others stay."""
    invocation = of(context)
    outcome = collect_worktrees(invocation.project(), dry_run=dry_run)
    if output is Format.json:
        print_json({"schema": "devassist.gc/1", "dry_run": dry_run, "worktrees": outcome})
        return
    for one in outcome:
        verb = "kept" if one["reason"] else "would remove" if dry_run else "removed"
        why = f": {one['reason']}" if one["reason"] else ""
        invocation.answers.print(f"{verb} {one['path']}{why}", markup=False)
