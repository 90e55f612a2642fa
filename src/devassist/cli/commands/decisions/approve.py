"""`devassist approve`: approve requests, a plan after editing it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from devassist.app.documents import plan_document
from devassist.app.runs.decisions import Choice, Decision, find_item, who_is
from devassist.app.wiring.project import Project
from devassist.cli.commands.decisions.recording import Ids, NoResume, record_decision
from devassist.cli.invocation import Format, Invocation, of
from devassist.cli.options import Output
from devassist.domain.errors import UsageError
from devassist.domain.plan import Plan, parse_plan


def approve(
    context: typer.Context,
    ids: Ids,
    reason: Annotated[str, typer.Option(help="Kept in the audit log.")] = "",
    edit: Annotated[
        bool, typer.Option("--edit", help="Change the plan in $EDITOR before approving it.")
    ] = False,
    no_resume: NoResume = False,
    output: Output = Format.text,
) -> None:
    """
    Approve requests, exactly as they were shown.

    An approval is for exactly what was shown; if that changes, you are asked again.
    """
    invocation = of(context)
    project = invocation.project()
    plan = _edited(invocation, project, ids) if edit else None
    decision = Decision(choice=Choice.APPROVE, who=who_is(project), reason=reason, plan=plan)
    record_decision(invocation, ids, decision, no_resume=no_resume, output=output)


def _edited(invocation: Invocation, project: Project, ids: Sequence[str]) -> Plan:
    """The plan of the request, as the person saved it in the editor. Raises PlanError, UsageError."""
    items = [find_item(project, id_) for id_ in ids]
    shown = items[0].request.shown.plan if len(items) == 1 else None
    if shown is None:
        raise UsageError("--edit is for one request of kind plan", hint="devassist inbox")
    environment = invocation.host.environment
    editor = environment.get("GIT_EDITOR") or environment.get("VISUAL") or environment.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory(prefix="devassist-plan-") as directory:
        file = Path(directory) / "plan.json"
        file.write_text(json.dumps(plan_document(shown), indent=2, ensure_ascii=False) + os.linesep)
        done = subprocess.run([*shlex.split(editor), str(file)], env=dict(environment), check=False)
        if done.returncode != 0:
            raise UsageError(
                f"the editor {editor!r} ended with {done.returncode}", hint="nothing was approved"
            )
        try:
            document = json.loads(file.read_text("utf-8"))
        except ValueError as error:
            raise UsageError(
                f"the plan is not JSON any more: {error}", hint="nothing was approved"
            ) from error
    return parse_plan(document, source="the edited plan")
