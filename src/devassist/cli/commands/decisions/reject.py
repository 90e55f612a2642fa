"""`devassist reject`: reject requests, with the reason."""

from __future__ import annotations

from typing import Annotated

import typer

from devassist.app.runs.decisions import Choice, Decision, who_is
from devassist.cli.commands.decisions.recording import Ids, NoResume, record_decision
from devassist.cli.invocation import Format, of
from devassist.cli.options import Output


def reject(
    context: typer.Context,
    ids: Ids,
    reason: Annotated[str, typer.Option(help="What is wrong; it goes to the agents and into the log.")],
    no_resume: NoResume = False,
    output: Output = Format.text,
) -> None:
    """Reject requests, with a reason."""
    invocation = of(context)
    who = who_is(invocation.project())
    decision = Decision(choice=Choice.REJECT, who=who, reason=reason)
    record_decision(invocation, ids, decision, no_resume=no_resume, output=output)
