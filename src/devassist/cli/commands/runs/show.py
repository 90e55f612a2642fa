"""`devassist show`: one run or one task in full."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.text import Text

from devassist.app.documents import Json, run_document, task_document
from devassist.app.failed_commands import failed_commands
from devassist.app.runs.ownership import present
from devassist.app.wiring.project import (
    Project,
    load_state,
)
from devassist.cli.invocation import Format, Invocation, of, print_json
from devassist.cli.options import Output
from devassist.cli.plain_text import plain
from devassist.cli.run_argument import complete_run
from devassist.cli.view.pager import paged
from devassist.cli.view.render import run_summary, spent
from devassist.domain.errors import NotFound, UsageError
from devassist.domain.events import CommandRan
from devassist.domain.findings import case_lines, check_line, verification_line
from devassist.domain.state.run import RunState
from devassist.domain.state.tasks import TaskState


def show(
    context: typer.Context,
    what: Annotated[
        str,
        typer.Argument(
            metavar="RUN|TASK",
            help="A run, or RUN/TASK, or a task of @last.",
            autocompletion=complete_run,
        ),
    ] = "@last",
    log: Annotated[
        bool, typer.Option("--log", help="Of a task: all output of the commands that failed in it.")
    ] = False,
    output: Output = Format.text,
) -> None:
    """Show a run, or one of its tasks, in full."""
    invocation = of(context)
    project = invocation.project()
    state, task = find_run_or_task(project, what)
    if log and task is None:
        tasks = ", ".join(each.id for each in state.work())
        raise UsageError("--log needs a task", hint=f"devassist show {state.run}/TASK --log; tasks: {tasks}")
    failed = failed_commands(project, state.run, task.id) if log and task is not None else []
    if output is Format.json:
        logged = {"log": [_command_document(ran) for ran in failed]} if log else {}
        print_json({**task_document(task), **logged} if task else run_document(state))
        return
    with paged(invocation, project):
        if log:
            _print_log(invocation, failed)
        elif task is not None:
            _show_task(invocation, task)
        else:
            invocation.answers.print(run_summary(state, invocation.command), crop=False)
    if task is None and state.report:
        invocation.say(f"report: {state.report}", style="dim")


def find_run_or_task(project: Project, what: str) -> tuple[RunState, TaskState | None]:
    run, _, name = what.partition("/")
    try:
        state = present(project, load_state(project, run))
    except NotFound as error:
        last = present(project, load_state(project, "@last"))
        if what in last.tasks:
            return last, last.tasks[what]
        known = ", ".join(task.id for task in last.work())
        raise NotFound(str(error), hint=f"{error.hint}; tasks of {last.run}: {known}") from error
    if not name:
        return state, None
    if name not in state.tasks:
        known = ", ".join(task.id for task in state.work())
        raise NotFound(f"run {state.run} has no task {name!r}", hint=f"its tasks: {known}")
    return state, state.tasks[name]


def _command_document(ran: CommandRan) -> Json:
    return {"command": ran.command, "exit_code": ran.exit_code, "output": ran.output}


def _print_log(invocation: Invocation, failed: Sequence[CommandRan]) -> None:
    if not failed:
        invocation.say("no command failed in it")
    for ran in failed:
        invocation.answers.print(Text(plain(f"$ {ran.command}  -> {ran.exit_code}"), "bold"))
        invocation.answers.print(plain(ran.output.rstrip()), markup=False, soft_wrap=True)


def _show_task(invocation: Invocation, task: TaskState) -> None:
    lines = [f"{task.id}  {task.title}", f"status: {task.status}", f"rounds: {task.rounds}"]
    if task.confidence is not None:
        lines.append(f"confidence: {task.confidence:g}")
    if task.error:
        lines.append(f"error: {task.error}")
    claims = task.claims()
    lines.append("claims: " + ", ".join(f"{count} {verdict}" for verdict, count in claims.items()))
    if task.judged is not None:
        lines.append(verification_line(task.judged.verification))
        for check in task.judged.checks:
            lines.append(check_line(check) + (f": {check.problem}" if check.problem else ""))
            lines += [f"  {line}" for line in case_lines(check)]
        if task.judged.judges:
            lines.append(f"changes what judges it: {', '.join(task.judged.judges)}")
    else:
        lines += [f"check: {command} -> {code}" for command, code in task.checks.items()]
    for agent in task.agents.values():
        lines.append(f"{agent.role}: {agent.branch} at {agent.commit[:12]}, {spent(agent)}")
    for line in lines:
        invocation.answers.print(line, markup=False)
