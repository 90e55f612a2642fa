"""A command group that imports a command's module when the command is called, not for its line in the help."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup

from devassist.cli.command_table import Entry
from devassist.cli.examples import epilog

_COMMANDS = "devassist.cli.commands"
_METAVARS = {
    "agent": "AGENT",
    "artifacts": "DIR",
    "base": "REV",
    "content": "FILE",
    "goal_file": "FILE",
    "into": "BRANCH",
    "levels": "LEVELS",
    "limit": "N",
    "max_minutes": "MINUTES",
    "max_parallel": "N",
    "max_rounds": "N",
    "max_tokens": "N",
    "max_turns": "N",
    "max_usd": "USD",
    "model": "MODEL",
    "plan": "FILE",
    "record": "FILE",
    "remote": "REMOTE",
    "replay": "FILE",
    "role": "ROLE",
    "run": "RUN",
    "since": "TIME",
    "task": "TASK",
    "types": "TYPE",
    "until": "TIME",
}
"""What stands for an option's value in the help, by the parameter's name; the others keep Typer's."""


class LazyGroup(TyperGroup):
    """Serves the commands of `table` and the groups of `groups`; a subclass names its own."""

    table: ClassVar[Mapping[str, Entry]] = {}
    groups: ClassVar[Mapping[str, LazyGroup]] = {}
    prefix: ClassVar[str] = ""
    """The group's own name, before those of its commands."""
    sections: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Titles and names, in the order of the help; without it there is one section."""
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
        if entry.takes_run and ctx is not None and ctx.resilient_parsing and _words(ctx) == [cmd_name]:
            argument = import_module("devassist.cli.run_argument")  # which a help page has no use for
            return _make_command(cmd_name, argument.takes_run, cls=_RunFirst)
        return load_command(f"{self.prefix} {cmd_name}".strip(), entry)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002  click calls it
        """The commands by section, each with its whole line."""
        for title, names in (self.sections or {"Commands": tuple(self.commands)}).items():
            with formatter.section(title):
                formatter.write_dl([(name, self.commands[name].help or "") for name in names])

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        self._lists = True
        names = super().shell_complete(ctx, incomplete)
        self._lists = False
        return names


class Command(TyperCommand):
    """A command whose usage line has `RUN` for an argument that is required, not `{RUN}`."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return [piece.removeprefix("{").removesuffix("}") for piece in super().collect_usage_pieces(ctx)]


class _RunFirst(TyperCommand):
    """Stands for a command while a shell completes its first argument, a run. Only the command knows its options."""

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        assert self.name is not None  # noqa: S101  it was made with one
        entry = ctx.parent.command.table[self.name]
        return load_command(self.name, entry).shell_complete(ctx, incomplete)


def _words(ctx: Any) -> list[str]:
    """What was typed from the command's name on, less the word that is being completed."""
    return [*getattr(ctx, "_protected_args", ()), *ctx.args]


def load_command(name: str, entry: Entry) -> TyperCommand:
    """The command itself, as Typer makes it of its function; `name` has the words after `devassist`."""
    module, function = entry.target.split(":")
    gc.disable()
    try:
        loaded = import_module(f"{_COMMANDS}.{module}")
    finally:
        gc.freeze()  # modules stay: no collection, now or later, has to look at them
        gc.enable()
    command = _make_command(name, getattr(loaded, function))
    for parameter in command.params:
        if parameter.metavar is None:
            is_option = parameter.param_type_name == "option"
            parameter.metavar = _metavar(parameter) if is_option else str(parameter.name).upper()
    return command


def _metavar(option: Any) -> str | None:
    """A word for the option's value; None for a flag, a choice and what Typer names well."""
    if option.is_flag or hasattr(option.type, "choices"):
        return None
    return _METAVARS.get(str(option.name))


def _make_command(
    name: str, function: Callable[..., Any], *, cls: type[TyperCommand] = Command
) -> TyperCommand:
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(name.rpartition(" ")[2], cls=cls, epilog=epilog(name) or None)(function)
    command = typer.main.get_command(app)
    assert isinstance(command, TyperCommand)  # noqa: S101  an app of one command is that command
    return command
