"""Commands for the person whose word is needed: inbox, approve, reject, answer."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table
from rich.text import Text

from devassist.app.reports import plan_document
from devassist.app.runs.decisions import Item, Word, decide_all, find_item, inbox, who_is
from devassist.app.runs.ownership import is_alive
from devassist.app.runs.requesting import ResumeOptions
from devassist.app.runs.running import project_of_run, resume_run
from devassist.app.wiring.host import utc_now
from devassist.app.wiring.project import Project, load_state
from devassist.cli.commands.runs.run import launch
from devassist.cli.commands.runs.status import Output
from devassist.cli.invocation import Format, Invocation, StreamFormat, of, plain, print_json
from devassist.domain.errors import DevassistError, UsageError
from devassist.domain.plan import Plan, parse_plan

_TOLD_OTHERWISE = frozenset({"plan", "dropped", "hunks"})
"""Parts of what is shown that have lines of their own, or that the diff says better."""


def complete_request(context: typer.Context, incomplete: str) -> list[str]:
    """Ids of open requests for shell completion."""
    try:
        found = inbox(of(context).project())
    except Exception:  # noqa: BLE001  completion never complains
        return []
    return [item.asked.id for item in found if item.asked.id.startswith(incomplete)]


Ids = Annotated[
    list[str],
    typer.Argument(
        metavar="ID...", help="Request ids, or their beginnings.", autocompletion=complete_request
    ),
]
NoResume = Annotated[
    bool, typer.Option("--no-resume", help="Do not go on with a background run that has ended waiting.")
]


def register(app: typer.Typer) -> None:
    app.command("inbox")(show_inbox)
    for command in (approve, reject, answer):
        app.command()(command)


def show_inbox(context: typer.Context, output: Output = Format.text) -> None:
    """List what waits for you, the most urgent and oldest first, with exactly what is asked."""
    invocation = of(context)
    items = inbox(invocation.project())
    now = utc_now()
    listed = [_document(item, now) for item in items]
    if output is Format.json:
        print_json({"schema": "devassist.inbox/1", "items": listed})
    elif not listed:
        invocation.say("nothing waits for you")
    else:
        invocation.answers.print(_table(listed))
        for one in listed:
            _show(invocation, one)


def _document(item: Item, now: datetime) -> dict[str, Any]:
    """An item of contract 5's inbox; of `shown` what the kind of request has."""
    asked = item.asked
    shown = {name: value for name, value in msgspec.to_builtins(asked.shown).items() if value}
    return {
        "run": item.run,
        "id": asked.id,
        "kind": asked.kind,
        "task": asked.task,
        "question": asked.question,
        "options": list(asked.options),
        "binds_to": asked.binds_to,
        "urgency": asked.urgency,
        "agent": asked.agent,
        "confidence": asked.confidence,
        "shown": shown,
        "age_s": round(item.age_s(now), 1),
    }


def _table(items: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name in ("id", "kind", "run", "task", "age", "question"):
        table.add_column(name, no_wrap=name != "question")
    for one in items:
        style = "bold yellow" if one["urgency"] == "high" else ""
        age = f"{one['age_s'] / 60:.0f} min" if one["age_s"] >= 60 else f"{one['age_s']:.0f} s"  # noqa: PLR2004
        question = Text(" ".join(plain(one["question"]).split()))
        table.add_row(Text(one["id"], style), one["kind"], one["run"], plain(one["task"]), age, question)
    return table


def _show(invocation: Invocation, item: Mapping[str, Any]) -> None:
    """What exactly would be approved: object ids, paths, options."""
    shown = {key: value for key, value in item["shown"].items() if key not in _TOLD_OTHERWISE}
    lines = [
        f"{key}: {', '.join(map(str, value)) if isinstance(value, list) else value}"
        for key, value in shown.items()
    ]
    lines += [
        f"dropped: {one['path']}:{one['line']} of {one['branch']}: {one['text']}"
        for one in item["shown"].get("dropped", ())
    ]
    if plan := item["shown"].get("plan"):
        lines += [f"{task['id']} {task['role']}: {task['title']}" for task in plan["tasks"]]
    if item["confidence"] is not None:
        lines.append(f"confidence: {item['confidence']:.2f}")
    if item["kind"] in ("merge", "resolution"):
        lines.append(f"diff: git diff {item['shown']['ours'][:12]} {item['shown']['tree'][:12]}")
    if item["options"]:
        lines.append(f"options: {', '.join(item['options'])}")
    invocation.answers.print(Text(f"\n{item['id']}", "bold"))
    for line in lines:
        invocation.answers.print(Text(f"  {plain(line)}"))


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
    """Say yes to requests. The yes is for exactly what was shown; what changed is asked again."""
    invocation = of(context)
    project = invocation.project()
    plan = _edited(invocation, project, ids) if edit else None
    _say(
        invocation,
        ids,
        Word(
            choice="approve",
            who=who_is(project),
            reason=reason,
            plan=plan,
        ),
        no_resume,
        output,
    )


def reject(
    context: typer.Context,
    ids: Ids,
    reason: Annotated[str, typer.Option(help="What is wrong; the agents and the log are told.")],
    no_resume: NoResume = False,
    output: Output = Format.text,
) -> None:
    """Say no to requests, with the reason."""
    invocation = of(context)
    who = who_is(invocation.project())
    _say(invocation, ids, Word(choice="reject", who=who, reason=reason), no_resume, output)


def answer(
    context: typer.Context,
    id_: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="The question's id, or its beginning.", autocompletion=complete_request
        ),
    ],
    text: Annotated[str, typer.Argument(help="The answer, as the agent is told it.")],
    no_resume: NoResume = False,
    output: Output = Format.text,
) -> None:
    """Answer an agent's question."""
    invocation = of(context)
    if not text.strip():
        raise UsageError("the answer is empty", hint=f"devassist answer {id_} TEXT")
    who = who_is(invocation.project())
    _say(invocation, [id_], Word(choice="answer", who=who, answer=text), no_resume, output)


def _say(invocation: Invocation, ids: Sequence[str], word: Word, no_resume: bool, output: Format) -> None:
    project = invocation.project()
    items = decide_all(project, ids, word)
    runs = list(dict.fromkeys(item.run for item in items))
    going = {run: _go_on(invocation, project, run, no_resume) for run in runs}
    if output is Format.json:
        listed = [
            {"id": item.asked.id, "run": item.run, "choice": word.choice, "run_goes_on": going[item.run]}
            for item in items
        ]
        print_json({"schema": "devassist.decided/1", "items": listed})
        return
    for item in items:
        invocation.answers.print(f"{item.asked.id} {_done(word)}", markup=False)
    for run in [run for run, alive in going.items() if not alive]:
        invocation.say(f"go on: devassist resume {run}", style="dim")


def _done(word: Word) -> str:
    return {"approve": "approved", "reject": "rejected", "answer": "answered"}[word.choice]


def _go_on(invocation: Invocation, project: Project, run: str, no_resume: bool) -> bool:
    """Whether the run is at work: a background run that has ended waiting is taken up again."""
    if is_alive(project, run):
        return True
    state = load_state(project, run)
    if no_resume or state.waiting or not state.sessions or not state.sessions[-1].detached:
        return False
    own, _ = project_of_run(project, run, {})
    options = ResumeOptions(detached=True)
    quiet = Invocation(host=invocation.host, quiet=True)
    try:
        launch(
            quiet,
            own,
            lambda sinks: resume_run(own, run, options, sinks=sinks),
            StreamFormat.text,
            answers=False,
        )
    except DevassistError as error:
        invocation.say(f"{run} could not go on: {error}", style="yellow")
        return False
    return True


def _edited(invocation: Invocation, project: Project, ids: Sequence[str]) -> Plan:
    """The plan of the one request, as the person leaves it in the editor. Raises PlanError, UsageError."""
    items: list[Item] = [find_item(project, id_) for id_ in ids]
    shown = items[0].asked.shown.plan if len(items) == 1 else None
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
