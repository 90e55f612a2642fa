"""`devassist audit show`: one event in full."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from devassist.app.wiring.project import open_reader
from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output
from devassist.cli.view.narration import event_json


def show(
    context: typer.Context,
    event: Annotated[str, typer.Argument(metavar="EVENT", help="Event id, evidence id or seq.")],
    output: Output = Format.text,
) -> None:
    """Show one event in full."""

    invocation = of(context)
    with open_reader(invocation.project()) as reader:
        record = reader.event(event)
    document = event_json(record)
    if output is Format.json:
        print_json({"schema": "devassist.event/1", **document})
        return
    data = document.pop("data")
    for key, value in document.items():
        invocation.answers.print(f"{key}: {value}", markup=False)
    invocation.answers.print(json.dumps(data, indent=2, ensure_ascii=False), markup=False)
