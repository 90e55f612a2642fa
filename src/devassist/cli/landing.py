"""Commands that take a finished run over, or let it go: merge, apply, discard."""

from __future__ import annotations

from typing import Annotated

import typer

from devassist.bootstrap import aftermath, base_of, comparing, require_result
from devassist.cli.conflicts import stale_line
from devassist.cli.invocation import Format, of, print_json
from devassist.cli.looking import Output, Run


def register(app: typer.Typer) -> None:
    for command in (merge, apply, discard):
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
    invocation.say(f"undo:  git reset --keep {done.old[:12]}", style="dim")


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
