"""`devassist audit show`: one event in full."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from devassist.app.wiring.project import open_reader
from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output
from devassist.cli.plain_text import plain
from devassist.cli.view.narration import event_json
from devassist.cli.view.pager import paged
from devassist.cli.view.times import day_and_time


def show(
    context: typer.Context,
    event: Annotated[str, typer.Argument(metavar="EVENT", help="Event id, evidence id or seq.")],
    output: Output = Format.text,
) -> None:
    """Show one event in full."""

    invocation = of(context)
    project = invocation.project()
    with open_reader(project) as reader:
        record = reader.event(event)
    document = event_json(record)
    if output is Format.json:
        print_json({"schema": "devassist.event/1", **document})
        return
    data = document.pop("data")
    with paged(invocation, project):
        for key, value in document.items():
            shown = f"{value} ({day_and_time(str(value))})" if key == "at" else value
            invocation.answers.print(plain(f"{key}: {shown}"), markup=False, soft_wrap=True)
        text = plain(json.dumps(data, indent=2, ensure_ascii=False))
        invocation.answers.print(text, markup=False, soft_wrap=True)
