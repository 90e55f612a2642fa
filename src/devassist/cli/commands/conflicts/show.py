"""`devassist conflicts show`: one conflict, both sides of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer

from devassist.app.conflicts.branches import both_sides
from devassist.app.conflicts.known import find_conflict
from devassist.cli.commands.conflicts.options import Id
from devassist.cli.invocation import Format, of, plain, print_json
from devassist.cli.options import Output

_SHOWN = (
    "conflict",
    "severity",
    "level",
    "kind",
    "status",
    "first_seen",
    "last_seen",
    "explanation",
    "suggestion",
)


def show(context: typer.Context, conflict: Id, output: Output = Format.text) -> None:
    """Show one conflict: both sides, where, and what to do."""
    invocation = of(context)
    project = invocation.project()
    one = find_conflict(project, conflict)
    sides = both_sides(project, one)
    if output is Format.json:
        print_json({"schema": "devassist.conflict/1", **one, "sides": sides})
        return
    shown = {**one, "status": f"gone ({one['status']} before)"} if one["gone"] else one
    for name in _SHOWN:
        invocation.answers.print(f"{name}: {plain(str(shown.get(name, '')))}", markup=False)
    if one["gone"]:
        invocation.answers.print(f"gone because: {plain(one.get('gone_because', ''))}", markup=False)
    for line in _ending(one):
        invocation.answers.print(plain(line), markup=False)
    for side in sides:
        invocation.answers.print(f"\n--- {side['branch']}: {plain(side['intent'])}", markup=False)
        invocation.answers.print(plain(side["diff"]), markup=False)


def _ending(one: Mapping[str, Any]) -> list[str]:
    """By whom, why and how a conflict was waived or resolved, and what that dropped."""
    ended = one.get("ended")
    if ended is None or one["status"] == "open":
        return []
    lines = [f"{one['status']} by: {ended['who']}", f"reason: {ended['reason']}"]
    if "commit" in ended:
        lines += [f"how: {ended['how']} {ended.get('choice', '')}".rstrip(), f"commit: {ended['commit']}"]
    dropped = ended.get("dropped", ())
    return lines + [f"dropped: {at['path']}:{at['line']} of {at['branch']}: {at['text']}" for at in dropped]
