"""`devassist audit verify`: recompute the chain and compare it with its anchors."""

from __future__ import annotations

import typer

from devassist.app.verification import verify_log
from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output
from devassist.domain.errors import AuditTampered


def verify(context: typer.Context, output: Output = Format.text) -> None:
    """Recompute the chain and compare it with its anchors."""
    invocation = of(context)
    found = verify_log(invocation.project())
    if output is Format.json:
        print_json({"schema": "devassist.verify/1", **found})
    else:
        anchored = found["anchored_to"] or 0
        loose = found["events"] - anchored
        invocation.answers.print(
            f"{found['events']} events: {anchored} anchored, {loose} after the last anchor"
        )
        for problem in found["problems"]:
            invocation.answers.print(
                f"seq {problem['seq']}: {problem['kind']}: {problem['detail']}", markup=False
            )
        if found["ok"]:
            invocation.answers.print("the log verifies")
    if not found["ok"]:
        count = len(found["problems"])
        raise AuditTampered(f"the audit log does not verify: {count} problems", hint="devassist audit verify")
