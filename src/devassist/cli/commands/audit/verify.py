"""`devassist audit verify`: recompute the chain and compare it with its anchors."""

from __future__ import annotations

from dataclasses import asdict

import typer

from devassist.app.documents import Json
from devassist.app.verification import Verification, verify_log
from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output
from devassist.domain.errors import AuditTampered
from devassist.domain.words import counted


def verify(context: typer.Context, output: Output = Format.text) -> None:
    """Recompute the chain and compare it with its anchors."""
    invocation = of(context)
    log = verify_log(invocation.project())
    if output is Format.json:
        print_json(verify_document(log))
    else:
        anchored = log.anchored_to or 0
        loose = log.events - anchored
        invocation.answers.print(
            f"{counted(log.events, 'event')}: {anchored} anchored, {loose} after the last anchor"
        )
        for problem in log.problems:
            fact = f"seq {problem.seq}: {problem.kind}: {problem.detail}"
            invocation.answers.print(fact, markup=False)
        if log.ok:
            invocation.answers.print("the log verifies")
    if not log.ok:
        count = counted(len(log.problems), "problem")
        raise AuditTampered(f"the audit log does not verify: {count}", hint=_hint(log))


def _hint(log: Verification) -> str:
    first = min((problem.seq for problem in log.problems if problem.seq), default=0)
    holds = f"; what is before seq {first} holds" if first else ""
    return f"each problem is named above{holds}"


def verify_document(log: Verification) -> Json:
    return {"schema": "devassist.verify/1", **asdict(log)}
