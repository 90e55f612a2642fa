"""Every command that answers can answer as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer.main

from devassist.cli.app import app


def leaves(command: Any, name: str = "devassist") -> Iterator[tuple[str, Any]]:
    for word, one in getattr(command, "commands", {}).items():
        yield from leaves(one, f"{name} {word}")
    if not getattr(command, "commands", None):
        yield name, command


def test_every_command_has_a_format_option_that_knows_json() -> None:
    seen = dict(leaves(typer.main.get_command(app)))
    assert len(seen) > 20
    for name, command in seen.items():
        options = {flag: option for option in command.params for flag in option.opts}
        assert "--format" in options, f"{name} cannot answer as JSON"
        assert "json" in options["--format"].help, name
