"""A run as a command's argument, and what a shell completes for it: with few imports, paid for at each Tab."""

from __future__ import annotations

from typing import Annotated

import typer

from devassist.app.wiring.completion import known_runs
from devassist.app.wiring.host import Host
from devassist.cli.global_options import GlobalOptions


def complete_run(context: typer.Context, incomplete: str) -> list[str]:
    """Run ids for shell completion."""
    options = context.find_object(GlobalOptions)
    try:
        runs = known_runs(options.host if options is not None else Host())
    except Exception:  # noqa: BLE001  completion never complains
        return []
    return [run for run in ["@last", *runs] if run.startswith(incomplete)]


Run = Annotated[
    str, typer.Argument(metavar="RUN", help="Run id, its beginning, or @last.", autocompletion=complete_run)
]


def takes_run(run: Run) -> None:
    """Stands for every command whose first argument is a run, while a shell completes it."""
