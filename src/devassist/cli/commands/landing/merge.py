"""`devassist merge`: merge a result into a branch."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from devassist.app.conflicts import compare as comparing
from devassist.app.runs.takeover import aftermath
from devassist.app.wiring.project import require_result
from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output
from devassist.cli.run_argument import Run, complete_branch
from devassist.cli.view.conflict_view import stale_line


def merge(
    context: typer.Context,
    run: Run = "@last",
    into: Annotated[
        str | None,
        typer.Option(
            help="The branch to merge into; the checked-out one by default.", autocompletion=complete_branch
        ),
    ] = None,
    squash: Annotated[bool, typer.Option("--squash", help="One commit without the agents' history.")] = False,
    no_sign: Annotated[
        bool, typer.Option("--no-sign", help="Do not sign, whatever commit.gpgsign says.")
    ] = False,
    output: Output = Format.text,
) -> None:
    """Merge a run's result into a branch; uncommitted work stays."""
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
                "stale": msgspec.to_builtins(stale),
            }
        )
        return
    invocation.answers.print(f"merged {after.state.run} into {done.branch}: {done.old[:12]}..{done.new[:12]}")
    for branch in stale:
        invocation.say(stale_line(branch), style="yellow")
    invocation.suggest(f"undo:  {invocation.command(f'undo {after.state.run}')}")
