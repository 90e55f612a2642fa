"""Commands that hand a run on: report and pr."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from devassist.app import pull_request as publishing
from devassist.app import reports as reporting
from devassist.cli.commands.runs.status import Output, Run
from devassist.cli.invocation import Format, json_text, of, print_json
from devassist.domain.errors import UsageError


class ReportFormat(StrEnum):
    markdown = "markdown"
    html = "html"
    json = "json"


def register(app: typer.Typer) -> None:
    for command in (report, pr):
        app.command()(command)


def report(
    context: typer.Context,
    run: Run,
    form: Annotated[
        ReportFormat,
        typer.Option("--format", help="markdown, html (one page that needs nothing else) or json."),
    ] = ReportFormat.markdown,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to FILE, whole or not at all.")
    ] = None,
) -> None:
    """Tell a run as a reviewer wants it: what landed, what proves it, what waits, what it cost, how to undo it."""
    invocation = of(context)
    project = invocation.project()
    story = reporting.load_story(project, run)
    if form is ReportFormat.json:
        text = json_text(reporting.document_of(story), indent=2) + "\n"
    else:
        text = reporting.told(story, as_page=form is ReportFormat.html)
    if output is None:
        typer.echo(text, nl=False)
        return
    path = invocation.host.directory / output
    if path.is_dir():
        raise UsageError(f"{path} is a directory", hint=f"--output {path / 'report.md'}")
    reporting.write(path, text)
    invocation.say(f"written to {path}", style="dim")


def pr(
    context: typer.Context,
    run: Run,
    base: Annotated[
        str, typer.Option(help="The branch to propose it for; by default where the run began.")
    ] = "",
    remote: Annotated[str, typer.Option(help="The remote to push to.")] = "origin",
    draft: Annotated[bool, typer.Option("--draft", help="Open it as a draft.")] = False,
    title: Annotated[str, typer.Option(help="Its title; by default the goal.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
    output: Output = Format.text,
) -> None:
    """Push a run's result branch and open a pull request with the report as its text, through gh where it is."""
    invocation = of(context)
    wanted = publishing.Proposal(base=base, remote=remote, draft=draft, title=title)
    done = publishing.propose(invocation.project(), run, wanted, dry_run=dry_run)
    if output is Format.json:
        print_json({"schema": "devassist.pr/1", **done.as_json()})
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
        invocation.say("gh is not on PATH, so the pull request is left to open:")
    invocation.answers.print(done.command, markup=False)
    if done.compare:
        invocation.say(f"or: {done.compare}")
