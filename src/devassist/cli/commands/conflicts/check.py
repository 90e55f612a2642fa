"""`devassist conflicts check`: one file against all live branches."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from devassist.app.conflicts.check_file import check_path
from devassist.app.documents import builtins
from devassist.cli.commands.conflicts.options import Committed
from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output
from devassist.cli.plain_text import plain
from devassist.conflicts.outputs import ConflictRecord
from devassist.domain.conflicts import Severity, worst


def check(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="A file, as it is on disk now.")],
    content: Annotated[
        typer.FileBinaryRead | None,
        typer.Option(
            "--content", help="What the file is about to contain, from a file or - for standard input."
        ),
    ] = None,
    committed: Committed = False,
    output: Output = Format.text,
) -> None:
    """Compare one file, as it is or will be, with all live branches."""
    invocation = of(context)
    text = None if content is None else content.read()
    where = invocation.host.directory / path
    compared = check_path(invocation.project(), where, content=text, committed=committed)
    if output is Format.json:
        records = [builtins(ConflictRecord.of(conflict)) for conflict in compared.conflicts]
        print_json({"schema": "devassist.conflicts/1", "conflicts": records})
    else:
        for conflict in compared.conflicts:
            invocation.answers.print(f"{conflict.severity}: {plain(conflict.explanation)}", markup=False)
    raise typer.Exit(1 if worst(compared.conflicts) is Severity.ERROR else 0)
