"""`devassist conflicts waive`: accept a conflict, with a reason."""

from __future__ import annotations

import getpass
from typing import Annotated, Any

import typer

from devassist.app.conflicts.known import waive as record_waiver
from devassist.cli.commands.conflicts.options import Id
from devassist.cli.invocation import Format, of, one_line, print_json
from devassist.cli.options import Output
from devassist.domain.errors import UsageError


def waive(
    context: typer.Context,
    conflict: Id,
    reason: Annotated[str, typer.Option("--reason", help="Why it may stay.")],
    output: Output = Format.text,
) -> None:
    """
    Accept a conflict, with a reason; it no longer fails a command.

    It no longer fails a command.
    """
    invocation = of(context)
    if not reason.strip():
        raise UsageError("a waiver needs a reason: it goes into the log", hint="--reason TEXT")
    one: dict[str, Any] = record_waiver(invocation.project(), conflict, reason=reason, who=getpass.getuser())
    if output is Format.json:
        print_json({"schema": "devassist.conflict/1", **one})
    else:
        invocation.answers.print(f"waived {one['conflict']}: {one_line(one['explanation'])}", markup=False)
