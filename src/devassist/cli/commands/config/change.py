"""`devassist config set`: change one setting in a file."""

from __future__ import annotations

from typing import Annotated

import typer

from devassist.app.configuration import change_setting, settings_file
from devassist.cli.commands.config.options import Key, User
from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output
from devassist.config.changing import toml


def set_(
    context: typer.Context,
    key: Key,
    value: Annotated[
        str, typer.Argument(metavar="VALUE", help="A text, a number, true, false, or a list with commas.")
    ],
    user: User = False,
    output: Output = Format.text,
) -> None:
    """Set one key in .devassist.toml; comments and everything else stay."""
    invocation = of(context)
    path = settings_file(invocation.host, user=user)
    written = change_setting(path, key, value, own=user)
    if output is Format.json:
        listed = [{"key": key, "value": written, "origin": str(path)}]
        print_json({"schema": "devassist.config/1", "settings": listed})
        return
    invocation.say(f"{key} = {toml(written)} in {path}")
