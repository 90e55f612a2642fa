"""Parameters that several commands have, and their shell completion."""

from __future__ import annotations

from typing import Annotated

import typer

from devassist.cli.invocation import Format
from devassist.cli.run_argument import complete_task

Output = Annotated[Format, typer.Option("--format", help="text or json.")]


Task = Annotated[
    str, typer.Argument(metavar="TASK", help="The task's id in the plan.", autocompletion=complete_task)
]
