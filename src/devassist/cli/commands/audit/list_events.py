"""`devassist audit`: ask the log, follow it, and hold it against its anchors."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import Annotated, Any

import typer

from devassist.app.wiring.host import utc_now
from devassist.app.wiring.project import Project, open_reader, verify_log
from devassist.cli.commands.runs.status import Output
from devassist.cli.invocation import Format, Invocation, StreamFormat, of, print_json, print_line
from devassist.cli.view.narration import event_json, event_line
from devassist.domain.errors import AuditTampered

app = typer.Typer(help="Query and verify the audit log.", no_args_is_help=True)

_SPAN = re.compile(r"(\d+)([smhdw])")
_UNIT = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

RunOption = Annotated[str, typer.Option("--run", help="Run id, its beginning, or @last.")]
TaskOption = Annotated[str, typer.Option("--task", help="Task id.")]
AgentOption = Annotated[str, typer.Option("--agent", help="TASK/ROLE.")]
RoleOption = Annotated[str, typer.Option("--role", help="Role.")]
TypeOption = Annotated[
    list[str] | None, typer.Option("--type", help="Event type or its beginning; repeatable.")
]
SinceOption = Annotated[str, typer.Option("--since", help="30m, 24h, 7d or an ISO time.")]
UntilOption = Annotated[str, typer.Option("--until", help="30m, 24h, 7d or an ISO time.")]
LimitOption = Annotated[int | None, typer.Option("--limit", min=1, help="The newest N.")]
EventOutput = Annotated[StreamFormat, typer.Option("--format", help="text, json or ndjson.")]


def _moment(text: str) -> str | None:
    """An ISO time of a span before now, or the text itself."""
    if not text:
        return None
    match = _SPAN.fullmatch(text)
    if match is None:
        return text
    return (utc_now() - timedelta(**{_UNIT[match[2]]: int(match[1])})).isoformat()


def _chosen(project: Project, run: str, **filters: Any) -> Any:
    from devassist.store.filters import EventFilter

    types = filters.pop("types") or ()
    since, until = _moment(filters.pop("since")), _moment(filters.pop("until"))
    name = ""
    if run:
        with open_reader(project) as reader:
            name = reader.find_run(run)
    return EventFilter(run=name, types=tuple(types), since=since, until=until, **filters)


def _answer(invocation: Invocation, project: Project, chosen: Any, output: StreamFormat) -> None:
    from dataclasses import replace

    # The newest N, shown oldest first.
    backwards = replace(chosen, newest_first=chosen.limit is not None)
    with open_reader(project) as reader:
        records = list(reader.events(backwards, raw=output is StreamFormat.text))
    if backwards.newest_first:
        records.reverse()
    if output is StreamFormat.json:
        print_json({"schema": "devassist.events/1", "events": [event_json(one) for one in records]})
        return
    for record in records:
        if output is StreamFormat.ndjson:
            print_line(event_json(record))
        else:
            invocation.answers.print(event_line(record), markup=False)


@app.command("list")
def list_(
    context: typer.Context,
    run: RunOption = "",
    task: TaskOption = "",
    agent: AgentOption = "",
    role: RoleOption = "",
    types: TypeOption = None,
    since: SinceOption = "",
    until: UntilOption = "",
    limit: LimitOption = None,
    output: EventOutput = StreamFormat.text,
) -> None:
    """List events, oldest first."""
    invocation = of(context)
    project = invocation.project()
    chosen = _chosen(
        project, run, task=task, agent=agent, role=role, types=types, since=since, until=until, limit=limit
    )
    _answer(invocation, project, chosen, output)


@app.command()
def search(
    context: typer.Context,
    text: Annotated[
        str, typer.Argument(help="Found in data, prompts, replies and results; case does not matter.")
    ],
    run: RunOption = "",
    task: TaskOption = "",
    agent: AgentOption = "",
    role: RoleOption = "",
    types: TypeOption = None,
    since: SinceOption = "",
    until: UntilOption = "",
    limit: LimitOption = None,
    output: EventOutput = StreamFormat.text,
) -> None:
    """List events that mention TEXT."""
    invocation = of(context)
    project = invocation.project()
    chosen = _chosen(
        project,
        run,
        task=task,
        agent=agent,
        role=role,
        types=types,
        since=since,
        until=until,
        limit=limit,
        text=text,
    )
    _answer(invocation, project, chosen, output)


@app.command()
def show(
    context: typer.Context,
    event: Annotated[str, typer.Argument(metavar="EVENT", help="Event id, evidence id or seq.")],
    output: Output = Format.text,
) -> None:
    """Show one event in full: prompts, replies, arguments and results."""
    import json

    invocation = of(context)
    with open_reader(invocation.project()) as reader:
        record = reader.event(event)
    document = event_json(record)
    if output is Format.json:
        print_json({"schema": "devassist.event/1", **document})
        return
    data = document.pop("data")
    for key, value in document.items():
        invocation.answers.print(f"{key}: {value}", markup=False)
    invocation.answers.print(json.dumps(data, indent=2, ensure_ascii=False), markup=False)


@app.command()
def tail(
    context: typer.Context,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on as events become durable.")] = False,
    run: RunOption = "",
    task: TaskOption = "",
    agent: AgentOption = "",
    role: RoleOption = "",
    types: TypeOption = None,
    since: SinceOption = "",
    until: UntilOption = "",
    limit: LimitOption = 20,
    output: EventOutput = StreamFormat.text,
) -> None:
    """Print the newest events."""
    from dataclasses import replace

    invocation = of(context)
    project = invocation.project()
    chosen = _chosen(
        project, run, task=task, agent=agent, role=role, types=types, since=since, until=until, limit=limit
    )
    with open_reader(project) as reader:
        seen = reader.head()[0]
        _answer(invocation, project, chosen, output)
        while follow:
            for record in reader.events(replace(chosen, after_seq=seen, limit=None)):
                seen = record.seq
                if output is StreamFormat.text:
                    invocation.answers.print(event_line(record), markup=False)
                else:
                    print_line(event_json(record))
            time.sleep(0.3)


@app.command()
def verify(context: typer.Context, output: Output = Format.text) -> None:
    """Recompute the whole chain and hold it against the anchors in git and in heads.log."""
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
