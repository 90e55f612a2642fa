"""`devassist config get`: one setting."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from devassist.app.configuration import setting
from devassist.cli.commands.config.options import Key
from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output
from devassist.config.changing import toml


def get(
    context: typer.Context,
    key: Key,
    origin: Annotated[bool, typer.Option("--origin", help="Print where the value comes from, too.")] = False,
    output: Output = Format.text,
) -> None:
    """Print one setting as it is in force here."""
    invocation = of(context)
    row = setting(invocation.project(), key)
    if output is Format.json:
        listed = [{"key": row.key, "value": msgspec.to_builtins(row.value), "origin": row.origin}]
        print_json({"schema": "devassist.config/1", "settings": listed})
        return
    shown = row.value if isinstance(row.value, str) else toml(row.value)
    invocation.answers.print(f"{shown}{f'  # {row.origin}' if origin else ''}", markup=False, soft_wrap=True)
