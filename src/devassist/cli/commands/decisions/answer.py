"""`devassist answer`: answer an agent's question."""

from __future__ import annotations

from typing import Annotated

import typer

from devassist.app.runs.decisions import Choice, Decision, who_is
from devassist.cli.commands.decisions.recording import NoResume, record_decision
from devassist.cli.invocation import Format, of
from devassist.cli.options import Output
from devassist.cli.run_argument import complete_request
from devassist.domain.errors import UsageError


def answer(
    context: typer.Context,
    id_: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="The question's id, or its beginning.", autocompletion=complete_request
        ),
    ],
    text: Annotated[str, typer.Argument(help="The answer, in the words that the agent gets.")],
    no_resume: NoResume = False,
    output: Output = Format.text,
) -> None:
    """Answer an agent's question."""
    invocation = of(context)
    if not text.strip():
        raise UsageError("the answer is empty", hint=f"devassist answer {id_} TEXT")
    who = who_is(invocation.project())
    decision = Decision(choice=Choice.ANSWER, who=who, answer=text)
    record_decision(invocation, [id_], decision, no_resume=no_resume, output=output)
