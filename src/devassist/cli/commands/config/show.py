"""`devassist config show`: every setting and where it comes from."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from devassist.app.configuration import Setting, settings_in_force
from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output


def show(
    context: typer.Context,
    origin: Annotated[bool, typer.Option("--origin", help="Print where each value comes from.")] = False,
    output: Output = Format.text,
) -> None:
    """Show every setting in force here, and where it comes from."""
    invocation = of(context)
    rows = settings_in_force(invocation.project())
    if output is Format.json:
        settings = [{"key": row.key, "value": _plain(row), "origin": row.origin} for row in rows]
        print_json({"schema": "devassist.config/1", "settings": settings})
        return
    for row in rows:
        where = f"  # {row.origin}" if origin else ""
        invocation.answers.print(f"{row.key} = {row.value!r}{where}", markup=False)


def _plain(setting: Setting) -> object:
    """The value as JSON has it; the tables of a section that is a key of its own as objects."""
    return setting.value if "." in setting.key else msgspec.to_builtins(setting.value)
