"""`devassist config edit`: the file in the person's editor, checked afterwards."""

from __future__ import annotations

import typer

from devassist.app.configuration import check_file, prepare_file, settings_file
from devassist.cli.commands.config.options import User
from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output
from devassist.cli.view.editing import edit_in_place


def edit(context: typer.Context, user: User = False, output: Output = Format.text) -> None:
    """Open .devassist.toml in your editor, also if it is broken, and check it afterwards."""
    invocation = of(context)
    path = settings_file(invocation.host, user=user)
    prepare_file(path)
    edit_in_place(invocation, path)
    check_file(path, own=user)
    if output is Format.json:
        print_json({"schema": "devassist.config_file/1", "path": str(path)})
        return
    invocation.say(f"{path} can be used")
