"""Commands that take a finished run over, back out again, or let it go: merge, apply, undo, discard."""

from __future__ import annotations

from typing import Annotated

import typer

from devassist.app.conflicts import compare as comparing
from devassist.app.runs.takeover import aftermath, undoing
from devassist.app.wiring.project import base_of, require_result
from devassist.cli.commands.runs.status import Output, Run
from devassist.cli.invocation import Format, of, print_json
from devassist.cli.view.conflict_view import stale_line


def register(app: typer.Typer) -> None:
    for command in (merge, apply, undo, discard):
        app.command()(command)


def merge(
    context: typer.Context,
    run: Run,
    into: Annotated[
        str | None, typer.Option(help="The branch to merge into; the checked-out one by default.")
    ] = None,
    squash: Annotated[bool, typer.Option("--squash", help="One commit without the agents' history.")] = False,
    no_sign: Annotated[
        bool, typer.Option("--no-sign", help="Do not sign, whatever commit.gpgsign says.")
    ] = False,
    output: Output = Format.text,
) -> None:
    """Merge a run's result into a branch; your uncommitted work stays, or the merge is refused."""
    invocation = of(context)
    project = invocation.project()
    with aftermath(project, run) as after:
        result = require_result(project, after.state)
        done = after.merge(result, into=into, squash=squash, sign=not no_sign)
    stale = comparing.staled_by(project, done.old, done.new)
    if output is Format.json:
        print_json(
            {
                "schema": "devassist.merge/1",
                "run": after.state.run,
                "branch": done.branch,
                "old": done.old,
                "commit": done.new,
                "written": list(done.written),
                "stale": [dict(one) for one in stale],
            }
        )
        return
    invocation.answers.print(f"merged {after.state.run} into {done.branch}: {done.old[:12]}..{done.new[:12]}")
    for one in stale:
        invocation.say(stale_line(one), style="yellow")
    invocation.say(f"undo:  devassist undo {after.state.run}", style="dim")


def apply(context: typer.Context, run: Run, output: Output = Format.text) -> None:
    """Put a run's net change into your files and index, for a commit of your own."""
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


def undo(
    context: typer.Context,
    run: Run,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be taken out.")] = False,
    no_sign: Annotated[
        bool, typer.Option("--no-sign", help="Do not sign, whatever commit.gpgsign says.")
    ] = False,
    output: Output = Format.text,
) -> None:
    """Take a landed run back out of your branch or files: put back, or reverted where others built on it."""
    invocation = of(context)
    project = invocation.project()
    with undoing(project, run) as work:
        found = work.plan()
        done = found if dry_run else work.carry_out(found, sign=not no_sign)
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
        invocation.say(f"again: devassist merge {work.after.state.run}", style="dim")


def discard(context: typer.Context, run: Run, output: Output = Format.text) -> None:
    """Remove a run's worktrees and branches. Everything stays reachable below refs/devassist/rescue."""
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
