"""`devassist report`: a run's report for its reviewer."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from devassist.app import reports as reporting
from devassist.cli.invocation import json_text, of
from devassist.cli.run_argument import Run
from devassist.domain.errors import UsageError


class ReportFormat(StrEnum):
    markdown = "markdown"
    html = "html"
    json = "json"


def report(
    context: typer.Context,
    run: Run = "@last",
    form: Annotated[
        ReportFormat,
        typer.Option("--format", help="markdown, html (one page that needs nothing else) or json."),
    ] = ReportFormat.markdown,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to FILE, whole or not at all.")
    ] = None,
) -> None:
    """Print a report of a run for its reviewer."""
    invocation = of(context)
    project = invocation.project()
    story = reporting.load_story(project, run)
    if form is ReportFormat.json:
        text = json_text(reporting.document_of(story), indent=2) + "\n"
    elif form is ReportFormat.html:
        text = reporting.report_page(project, story)
    else:
        text = reporting.report_text(story)
    if output is None:
        typer.echo(text, nl=False)
        return
    path = invocation.host.directory / output
    if path.is_dir():
        raise UsageError(f"{path} is a directory", hint=f"--output {path / 'report.md'}")
    reporting.write(path, text)
    invocation.say(f"written to {path}", style="dim")
