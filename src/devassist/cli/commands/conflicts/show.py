"""`devassist conflicts show`: one conflict, both sides of it."""

from __future__ import annotations

import typer

from devassist.app.conflicts.branches import both_sides
from devassist.app.conflicts.known import find_conflict
from devassist.app.documents import builtins
from devassist.cli.commands.conflicts.options import Id
from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output
from devassist.cli.plain_text import plain
from devassist.cli.view.known_conflict import known_document, known_lines


def show(context: typer.Context, conflict: Id, output: Output = Format.text) -> None:
    """Show one conflict: both sides, where, and what to do."""
    invocation = of(context)
    project = invocation.project()
    known = find_conflict(project, conflict)
    sides = both_sides(project, known)
    if output is Format.json:
        shown = [builtins(side) for side in sides]
        print_json({"schema": "devassist.conflict/1", **known_document(known), "sides": shown})
        return
    for line in known_lines(known):
        invocation.answers.print(plain(line), markup=False)
    for side in sides:
        invocation.answers.print(f"\n--- {side.branch}: {plain(side.intent)}", markup=False)
        invocation.answers.print(plain(side.diff), markup=False)
