"""`devassist config show`: every setting and where it comes from."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output
from devassist.config.values import known_keys, value_of


def show(
    context: typer.Context,
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value came from.")] = False,
    output: Output = Format.text,
) -> None:
    """Show every setting in force here, and where it comes from."""
    invocation = of(context)
    loaded = invocation.project().loaded
    rows: list[dict[str, Any]] = [
        {"key": key, "value": value_of(loaded.settings, key), "origin": loaded.origins.get(key, "default")}
        for key in known_keys()
    ]
    if output is Format.json:
        print_json({"schema": "devassist.config/1", "settings": rows})
        return
    for row in rows:
        where = f"  # {row['origin']}" if origin else ""
        invocation.answers.print(f"{row['key']} = {row['value']!r}{where}", markup=False)
