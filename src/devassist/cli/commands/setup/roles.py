"""`devassist roles`: the fixed roles and their tools."""

from __future__ import annotations

import typer

from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output
from devassist.domain.roles import SUBMIT_TOOL, TOOLS_OF, Role


def roles(context: typer.Context, output: Output = Format.text) -> None:
    """List the fixed roles and the tools of each."""
    listed = [
        {"role": str(role), "ends_with": SUBMIT_TOOL[role], "tools": list(TOOLS_OF[role])} for role in Role
    ]
    if output is Format.json:
        print_json({"schema": "devassist.roles/1", "roles": listed})
        return
    for role in listed:
        of(context).answers.print(f"{role['role']:<13} ends with {role['ends_with']}", markup=False)
        of(context).answers.print(f"              {' '.join(role['tools'])}", markup=False)
