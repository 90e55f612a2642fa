"""`devassist conflicts waive`: accept a conflict, with a reason."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from devassist.app.conflicts.known import waive as record_waiver
from devassist.cli.commands.conflicts.options import Id
from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output
from devassist.cli.plain_text import one_line
from devassist.cli.view.known_conflict import known_document
from devassist.domain.conflicts import ConflictStatus
from devassist.domain.errors import UsageError


def waive(
    context: typer.Context,
    conflict: Id,
    reason: Annotated[str, typer.Option("--reason", help="Why it may stay.")],
    output: Output = Format.text,
) -> None:
    """Accept a conflict, with a reason; it no longer fails a command."""
    invocation = of(context)
    if not reason.strip():
        raise UsageError("a waiver needs a reason: it goes into the log", hint="--reason TEXT")
    known = record_waiver(invocation.project(), conflict, reason=reason, who=getpass.getuser())
    if output is Format.json:
        document = {**known_document(known), "status": ConflictStatus.WAIVED}
        print_json({"schema": "devassist.conflict/1", **document})
    else:
        text = f"waived {known.id}: {one_line(known.latest.explanation)}"
        invocation.answers.print(text, markup=False)
