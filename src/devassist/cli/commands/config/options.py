"""Parameters that several `config` commands have."""

from __future__ import annotations

from typing import Annotated

import typer

from devassist.config.values import known_keys


def complete_key(incomplete: str) -> list[str]:
    """Dotted keys for shell completion."""
    return [key for key in known_keys() if key.startswith(incomplete)]


Key = Annotated[
    str,
    typer.Argument(metavar="KEY", help="A dotted key, such as limits.max_usd.", autocompletion=complete_key),
]


User = Annotated[
    bool, typer.Option("--user", help="In your own file, for all repositories, instead of this one's.")
]
