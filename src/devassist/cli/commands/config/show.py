"""`devassist config show`: every setting and where it comes from."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from devassist.app.configuration import settings_in_force
from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output
from devassist.config.changing import toml


def show(
    context: typer.Context,
    origin: Annotated[bool, typer.Option("--origin", help="Print where each value comes from.")] = False,
    output: Output = Format.text,
) -> None:
    """Show every setting in force here, and where it comes from."""
    invocation = of(context)
    rows = settings_in_force(invocation.project())
    if output is Format.json:
        settings = [
            {"key": row.key, "value": msgspec.to_builtins(row.value), "origin": row.origin} for row in rows
        ]
        print_json({"schema": "devassist.config/1", "settings": settings})
        return
    for row in rows:
        where = f"  # {row.origin}" if origin else ""
        invocation.answers.print(f"{row.key} = {toml(row.value)}{where}", markup=False, soft_wrap=True)
