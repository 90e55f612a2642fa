"""`devassist pr`: push a result and open a pull request."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from devassist.app import pull_request as publishing
from devassist.app.documents import Json
from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output
from devassist.cli.run_argument import Run


def pr(
    context: typer.Context,
    run: Run = "@last",
    base: Annotated[
        str, typer.Option(help="The branch to merge it into; by default the one that the run started from.")
    ] = "",
    remote: Annotated[str, typer.Option(help="The remote to push to.")] = "origin",
    draft: Annotated[bool, typer.Option("--draft", help="Open it as a draft.")] = False,
    title: Annotated[str, typer.Option(help="Its title; by default the goal.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be done, and do nothing.")
    ] = False,
    output: Output = Format.text,
) -> None:
    """Push a run's result and open a pull request for it."""
    invocation = of(context)
    wanted = publishing.Proposal(base=base, remote=remote, draft=draft, title=title)
    done = publishing.propose(invocation.project(), run, wanted, dry_run=dry_run)
    if output is Format.json:
        print_json(pr_document(done))
        return
    where = f"{done.remote}/{done.branch}"
    if dry_run:
        invocation.say(f"would push {done.commit[:12]} to {where}, then run:")
    else:
        invocation.say(f"pushed {done.commit[:12]} to {where}")
    if done.url:
        invocation.answers.print(done.url, markup=False)
        return
    if not dry_run:
        invocation.say("gh is not on PATH; open the pull request with:")
    invocation.answers.print(done.command, markup=False)
    if done.compare:
        invocation.say(f"or: {done.compare}")


def pr_document(proposed: publishing.Proposed) -> Json:
    return {"schema": "devassist.pr/1", **asdict(proposed), "url": proposed.url or None}
