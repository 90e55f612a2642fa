"""Parameters that several commands have, and their shell completion."""

from __future__ import annotations

from typing import Annotated

import typer

from devassist.app.wiring.completion import known_runs
from devassist.cli.invocation import Format, of


def complete_run(context: typer.Context, incomplete: str) -> list[str]:
    """Run ids for shell completion."""
    try:
        runs = known_runs(of(context).host)
    except Exception:  # noqa: BLE001  completion never complains
        return []
    return [run for run in ["@last", *runs] if run.startswith(incomplete)]


Run = Annotated[
    str, typer.Argument(metavar="RUN", help="Run id, its beginning, or @last.", autocompletion=complete_run)
]


Output = Annotated[Format, typer.Option("--format", help="text or json.")]


Task = Annotated[str, typer.Argument(metavar="TASK", help="The task's id in the plan.")]
