"""`devassist inbox`: what waits for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import typer
from rich.table import Table
from rich.text import Text

from devassist.app.runs.decisions import Item, inbox
from devassist.app.wiring.host import utc_now
from devassist.cli.invocation import Format, Invocation, of, plain, print_json
from devassist.cli.options import Output

_TOLD_OTHERWISE = frozenset({"plan", "dropped", "hunks"})
"""Parts of what is shown that have lines of their own, or that the diff says better."""


def show_inbox(context: typer.Context, output: Output = Format.text) -> None:
    """List the decisions that wait for you, most urgent first."""
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
