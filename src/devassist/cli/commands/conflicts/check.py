"""`devassist conflicts check`: one file against all live branches."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from devassist.app.conflicts.check_file import check_path
from devassist.app.conflicts.compare import conflict_records
from devassist.cli.commands.conflicts.options import Committed
from devassist.cli.invocation import Format, of, plain, print_json
from devassist.cli.options import Output
from devassist.domain.conflicts import Severity, worst


def check(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="A file, as it is on disk now.")],
    content: Annotated[
        typer.FileBinaryRead | None,
        typer.Option(
            "--content", help="What the file is about to hold, from a file or - for standard input."
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
        print_json({"schema": "devassist.conflicts/1", "conflicts": conflict_records(compared.conflicts)})
    else:
        for one in compared.conflicts:
            invocation.answers.print(f"{one.severity}: {plain(one.explanation)}", markup=False)
    found = worst(compared.conflicts)
    raise typer.Exit(1 if found is Severity.ERROR else 0)
