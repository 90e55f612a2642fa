"""`devassist config show`: every setting and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output
from devassist.config.values import known_keys, value_of


@dataclass(frozen=True, slots=True)
class _Row:
    """A setting: its dotted key, its value, and the file, variable or flag that it comes from."""

    key: str
    value: object
    origin: str


def show(
    context: typer.Context,
    origin: Annotated[bool, typer.Option("--origin", help="Print where each value comes from.")] = False,
    output: Output = Format.text,
) -> None:
    """Show every setting in force here, and where it comes from."""
    invocation = of(context)
    loaded = invocation.project().loaded
    rows = [
        _Row(key, value_of(loaded.settings, key), loaded.origins.get(key, "default")) for key in known_keys()
    ]
    if output is Format.json:
        settings = [{"key": row.key, "value": row.value, "origin": row.origin} for row in rows]
        print_json({"schema": "devassist.config/1", "settings": settings})
        return
    for row in rows:
        where = f"  # {row.origin}" if origin else ""
        invocation.answers.print(f"{row.key} = {row.value!r}{where}", markup=False)
