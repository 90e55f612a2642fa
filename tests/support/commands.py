"""Every command that can be typed, with its options, as the command line serves it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer.main

from devassist.cli.app import app
from devassist.cli.lazy_group import LazyGroup


def commands() -> Iterator[tuple[str, Any]]:
    """Pairs of a full name, such as `devassist audit list`, and the loaded command; sub-apps' included."""

    def below(name: str, group: LazyGroup) -> Iterator[tuple[str, Any]]:
        for word in group.commands:
            command = group.get_command(None, word)
            if isinstance(command, LazyGroup):
                yield from below(f"{name} {word}", command)
            else:
                yield f"{name} {word}", command

    root = typer.main.get_command(app)
    assert isinstance(root, LazyGroup)
    return below("devassist", root)
