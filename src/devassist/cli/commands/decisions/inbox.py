"""`devassist inbox`: the requests that wait for a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import typer
from rich.text import Text

from devassist.app.documents import Json, builtins
from devassist.app.runs.decisions import Item, inbox
from devassist.app.wiring.host import utc_now
from devassist.cli.invocation import Format, Invocation, of, print_json
from devassist.cli.options import Output
from devassist.cli.plain_text import plain
from devassist.cli.view.listing import Listing

_SHOWN_OTHERWISE = frozenset({"plan", "dropped", "hunks"})
"""Parts of a request that have lines of their own, or that the diff shows better."""
_MINUTE_S = 60


def show_inbox(context: typer.Context, output: Output = Format.text) -> None:
    """List the decisions that wait for you, most urgent first."""
    invocation = of(context)
    items = inbox(invocation.project())
    now = utc_now()
    if output is Format.json:
        listed = [_document(item, now) for item in items]
        print_json({"schema": "devassist.inbox/1", "items": listed})
    elif not items:
        invocation.say("nothing is waiting for you")
    else:
        invocation.answers.print(_table(items, now))
        for item in items:
            _show(invocation, item)


def _document(item: Item, now: datetime) -> Json:
    """An item of `devassist.inbox/1`. `shown` has the parts that requests of its kind have."""
    request = item.request
    return {
        "run": item.run,
        "id": request.id,
        "kind": request.kind,
        "task": request.task,
        "question": request.question,
        "options": list(request.options),
        "binds_to": request.binds_to,
        "urgency": request.urgency,
        "agent": request.agent,
        "confidence": request.confidence,
        "shown": {name: value for name, value in builtins(request.shown).items() if value},
        "age_s": round(item.age_s(now), 1),
    }


def _table(items: Sequence[Item], now: datetime) -> Listing:
    listing = Listing(("id", "kind", "run", "task", "age", "question"), ids=("id", "run", "task"))
    for item in items:
        request = item.request
        style = "bold yellow" if request.urgency == "high" else ""
        age_s = round(item.age_s(now), 1)
        age = f"{age_s / _MINUTE_S:.0f} min" if age_s >= _MINUTE_S else f"{age_s:.0f} s"
        id_ = Text(request.id, style)
        listing.add(id_, request.kind, item.run, request.task, age, request.question)
    return listing


def _show(invocation: Invocation, item: Item) -> None:
    """Print exactly what would be approved: object ids, paths, options."""
    request = item.request
    lines = [
        f"{name}: {', '.join(map(str, value)) if isinstance(value, list | tuple) else value}"
        for name, value in builtins(request.shown).items()
        if value and name not in _SHOWN_OTHERWISE
    ]
    lines += [
        f"dropped: {line.path}:{line.line} of {line.branch}: {line.text}" for line in request.shown.dropped
    ]
    if request.shown.plan is not None:
        lines += [f"{task.id} {task.role}: {task.title}" for task in request.shown.plan.tasks]
    if request.confidence is not None:
        lines.append(f"confidence: {request.confidence:.2f}")
    if request.kind in ("merge", "resolution", "tests", "unverified"):
        lines.append(f"diff: git diff {request.shown.ours[:12]} {request.shown.tree[:12]}")
    if request.options:
        lines.append(f"options: {', '.join(request.options)}")
    invocation.answers.print(Text(f"\n{request.id}", "bold"))
    for line in lines:
        invocation.answers.print(Text(f"  {plain(line)}"))
