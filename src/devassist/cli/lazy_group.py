"""A command group that imports a command's module when the command is called, not for its line in the help."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup

from devassist.cli.command_table import Entry

_COMMANDS = "devassist.cli.commands"


class LazyGroup(TyperGroup):
    """Serves the commands of `table` and the groups of `groups`; a subclass names its own."""

    table: ClassVar[Mapping[str, Entry]] = {}
    groups: ClassVar[Mapping[str, LazyGroup]] = {}
    _lists = False
    """Whether names and help lines are enough at present."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        stubs = {name: TyperCommand(name, help=entry.help) for name, entry in self.table.items()}
        self.commands = {**stubs, **self.groups}

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        entry = self.table.get(cmd_name)
        if entry is None or self._lists:
            return super().get_command(ctx, cmd_name)
        return load_command(cmd_name, entry)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        self._lists = True
        super().format_commands(ctx, formatter)
        self._lists = False

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        self._lists = True
        names = super().shell_complete(ctx, incomplete)
        self._lists = False
        return names


def load_command(name: str, entry: Entry) -> TyperCommand:
    """The command itself, as Typer makes it of its function."""
    module, function = entry.target.split(":")
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(name)(getattr(import_module(f"{_COMMANDS}.{module}"), function))
    command = typer.main.get_command(app)
    assert isinstance(command, TyperCommand)  # noqa: S101  an app of one command is that command
    return command
