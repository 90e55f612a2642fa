"""Trying the checks once: asked for in a terminal, said line by line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from devassist.app.doctor.check_trial import CheckTrial, try_checks
from devassist.app.documents import Json
from devassist.app.wiring.project import Project
from devassist.cli.invocation import Invocation
from devassist.domain.errors import DevassistError
from devassist.domain.ledger import CaseStatus

RunChecks = Annotated[
    bool | None,
    typer.Option("--run/--no-run", help="Run the checks once, in the sandbox. Asked in a terminal."),
]


def tried(
    invocation: Invocation, project: Project, commands: Sequence[str], run: bool | None
) -> list[CheckTrial]:
    """What the checks come to on the present commit, each said as it is known; nothing if nobody wants it."""
    if not commands or run is False:
        return []
    if run is None and invocation.interactive and sys.stdin.isatty():
        named = ", ".join(commands)
        if not typer.confirm(
            f"Run {named} once, in the sandbox, to see what is red?", default=True, err=True
        ):
            return []
    invocation.say(f"running {', '.join(commands)} on the present commit")
    try:
        trials = try_checks(project, commands)
    except DevassistError as error:
        invocation.say(f"the checks could not be tried: {error}")
        return []
    for trial in trials:
        if not trial.ledger.passes and trial.tail:
            invocation.say(f"the end of what {trial.command} printed:")
            invocation.say("\n".join(f"    {line}" for line in trial.tail.splitlines()[-8:]))
    return trials


def trial_document(trial: CheckTrial) -> Json:
    """A trial as JSON."""
    ledger = trial.ledger
    return {
        "command": trial.command,
        "passes": ledger.passes,
        "exit_code": ledger.exit_code,
        "tests": len(ledger.cases) if ledger.runner else None,
        "failed": list(ledger.failed),
        "skipped": list(ledger.of(CaseStatus.SKIPPED)),
        "seconds": trial.seconds,
    }
