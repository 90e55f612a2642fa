"""Commands that look at runs: status, show, diff, logs, roles. They read the audit log and git, nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from devassist.app import reports as reporting
from devassist.app.runs.ownership import present
from devassist.app.wiring.project import (
    OUTLINE,
    Project,
    base_of,
    fold_run,
    load_state,
    open_reader,
    require_result,
)
from devassist.cli.invocation import Format, Invocation, StreamFormat, of, print_json, print_line
from devassist.cli.view.narration import event_json, event_line
from devassist.cli.view.render import run_summary, runs_table
from devassist.domain.errors import NotFound
from devassist.domain.roles import SUBMIT_TOOL, TOOLS_OF, Role
from devassist.domain.run import RunState
from devassist.domain.statuses import RunStatus
from devassist.domain.tasks import TaskState


def register(app: typer.Typer) -> None:
    for command in (status, show, diff, logs, roles):
        app.command()(command)


def complete_run(context: typer.Context, incomplete: str) -> list[str]:
    """Run ids for shell completion."""
    try:
        with open_reader(of(context).project()) as reader:
            return [run for run in ["@last", *reader.runs()] if run.startswith(incomplete)]
    except Exception:  # noqa: BLE001  completion never complains
        return []


Run = Annotated[
    str, typer.Argument(metavar="RUN", help="Run id, its beginning, or @last.", autocompletion=complete_run)
]
Output = Annotated[Format, typer.Option("--format", help="text or json.")]


def status(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="One run only.", autocompletion=complete_run)] = "",
    output: Output = Format.text,
) -> None:
    """List the runs of this repository and what each waits for."""
    invocation = of(context)
    project = invocation.project()
    runs = [_status_of(state) for state in _states(project, run)]
    if output is Format.json:
        print_json({"schema": "devassist.status/1", "runs": runs})
    elif runs:
        invocation.answers.print(runs_table(runs))
    else:
        invocation.say("no runs yet; start one with: devassist run 'what is wanted'")


def _states(project: Project, run: str) -> Iterable[RunState]:
    if run:
        return [present(project, load_state(project, run))]
    try:
        with open_reader(project) as reader:
            found = [fold_run(reader, name, types=OUTLINE) for name in reader.runs()]
    except NotFound:
        return []
    return [present(project, state) for state in found if not state.discarded]


def _status_of(state: RunState) -> dict[str, Any]:
    tasks: dict[str, int] = {}
    for task in state.work():
        tasks[str(task.status)] = tasks.get(str(task.status), 0) + 1
    return {
        "run": state.run,
        "status": str(state.status),
        "goal": state.goal,
        "started_at": state.started_at,
        "tasks": tasks,
        "waiting": len(state.waiting),
        "waits_for": [request.question for request in state.waiting],
        "error": state.error or None,
        "hint": state.hint or None,
    }


def show(
    context: typer.Context,
    what: Annotated[str, typer.Argument(metavar="RUN|TASK", help="A run, or RUN/TASK, or a task of @last.")],
    output: Output = Format.text,
) -> None:
    """Show a run, or one of its tasks, in full."""
    invocation = of(context)
    project = invocation.project()
    state, task = _find(project, what)
    if output is Format.json:
        print_json(reporting.task_document(task) if task else reporting.run_document(state))
    elif task is not None:
        _show_task(invocation, task)
    else:
        invocation.answers.print(run_summary(state))
        if state.report:
            invocation.say(f"report: {state.report}", style="dim")


def _find(project: Project, what: str) -> tuple[RunState, TaskState | None]:
    run, _, name = what.partition("/")
    try:
        state = present(project, load_state(project, run))
    except NotFound:
        last = present(project, load_state(project, "@last"))
        if what not in last.tasks:
            raise
        return last, last.tasks[what]
    if not name:
        return state, None
    if name not in state.tasks:
        known = ", ".join(task.id for task in state.work())
        raise NotFound(f"run {state.run} has no task {name!r}", hint=f"its tasks: {known}")
    return state, state.tasks[name]


def _show_task(invocation: Invocation, task: TaskState) -> None:
    lines = [f"{task.id}  {task.title}", f"status: {task.status}", f"rounds: {task.rounds}"]
    if task.confidence is not None:
        lines.append(f"confidence: {task.confidence:g}")
    if task.error:
        lines.append(f"error: {task.error}")
    claims = task.claims()
    lines.append("claims: " + ", ".join(f"{count} {verdict}" for verdict, count in claims.items()))
    lines += [f"check: {command} -> {code}" for command, code in task.checks.items()]
    for agent in task.agents.values():
        lines.append(
            f"{agent.role}: {agent.branch} at {agent.commit[:12]}, {agent.turns} turns, {agent.usd:.4f} USD"
        )
    for line in lines:
        invocation.answers.print(line, markup=False)


def diff(
    context: typer.Context,
    run: Run,
    stat: Annotated[bool, typer.Option("--stat", help="Only which files, and how much.")] = False,
    output: Output = Format.text,
) -> None:
    """Show what a run's result changes against its base."""
    invocation = of(context)
    project = invocation.project()
    state = load_state(project, run)
    result = require_result(project, state)
    base = base_of(project, state)
    text = project.repository.diff(base, result, stat=stat)
    if output is Format.json:
        paths = list(project.repository.changed_paths(base, result))
        found = {"run": state.run, "base": base, "result": result, "paths": paths, "diff": text}
        print_json({"schema": "devassist.diff/1", **found})
        return
    invocation.answers.print(text, markup=False, end="")


def logs(
    context: typer.Context,
    run: Run,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on until the run has ended.")] = False,
    agent: Annotated[str, typer.Option(help="Only this agent (TASK/ROLE) or role.")] = "",
    task: Annotated[str, typer.Option(help="Only this task.")] = "",
    output: Annotated[
        StreamFormat, typer.Option("--format", help="text, json or ndjson.")
    ] = StreamFormat.text,
) -> None:
    """Print what happened in a run, in order."""
    from devassist.store.filters import EventFilter

    invocation = of(context)
    project = invocation.project()
    with open_reader(project) as reader:
        name = reader.find_run(run)
        whole = "/" in agent
        seen = 0
        collected: list[dict[str, Any]] = []
        while True:
            chosen = EventFilter(
                run=name, task=task, after_seq=seen, agent=agent if whole else "", role="" if whole else agent
            )
            for record in reader.events(chosen, raw=output is StreamFormat.text):
                seen = record.seq
                if output is StreamFormat.text:
                    invocation.answers.print(event_line(record), markup=False)
                elif output is StreamFormat.ndjson:
                    print_line(event_json(record))
                else:
                    collected.append(event_json(record))
            if not follow or load_state(project, name).status is not RunStatus.RUNNING:
                break
            time.sleep(0.3)
    if output is StreamFormat.json:
        print_json({"schema": "devassist.events/1", "events": collected})


def roles(context: typer.Context, output: Output = Format.text) -> None:
    """List the fixed roles, how each ends and what each may use."""
    listed = [
        {"role": str(role), "ends_with": SUBMIT_TOOL[role], "tools": list(TOOLS_OF[role])} for role in Role
    ]
    if output is Format.json:
        print_json({"schema": "devassist.roles/1", "roles": listed})
        return
    for role in listed:
        of(context).answers.print(f"{role['role']:<13} ends with {role['ends_with']}", markup=False)
        of(context).answers.print(f"              {' '.join(role['tools'])}", markup=False)
