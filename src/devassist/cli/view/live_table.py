"""The tasks of a live run as rows of a table: who works, on what, since when, and what a task waits for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from devassist.cli.plain_text import first_line, plain
from devassist.cli.view.render import STYLE, cached_share
from devassist.domain.findings import summary
from devassist.domain.ids import PLANNING
from devassist.domain.state.run import RunState
from devassist.domain.state.tasks import AgentState, TaskState
from devassist.domain.statuses import TaskStatus

_WIDE = 110
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_PLAIN_SPINNER = "|/-\\"
_FRAMES_PER_S = 6
_STILL_S = 2
"""After so many seconds without an event, the row says how long the present action has lasted."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A task's newest event: when it was, and the command that runs since then."""

    at: datetime
    command: str = ""


def spinner(now: datetime, encoding: str) -> str:
    """The frame of this moment."""
    frames = _SPINNER if encoding.lower().startswith("utf") else _PLAIN_SPINNER
    return frames[int(now.timestamp() * _FRAMES_PER_S) % len(frames)]


def task_table(
    state: RunState,
    tasks: Sequence[TaskState],
    *,
    now: datetime,
    width: int,
    seen: Mapping[str, Seen] | None = None,
    selected: str = "",
    frame: str = "▶",
) -> Table:
    """
    The tasks, narrow enough for 80 columns.

    `seen` has each task's newest event, `frame` is what a running task's row begins with.
    """
    wide = width >= _WIDE
    table = Table(box=None, padding=(0, 1), pad_edge=False, expand=False, width=width)
    table.add_column("", width=1)
    table.add_column("task", no_wrap=True, max_width=24 if wide else 14, overflow="ellipsis")
    table.add_column("at work", no_wrap=True, min_width=9)
    table.add_column("state", no_wrap=True, min_width=9)
    table.add_column("last action", no_wrap=True, ratio=1, overflow="ellipsis")
    if wide:
        for name in ("turns", "tokens", "cached", "USD"):
            table.add_column(name, justify="right", no_wrap=True)
    table.add_column("time", justify="right", no_wrap=True)
    for task in tasks:
        error = "" if task.status is TaskStatus.WAITING else first_line(task.error or "")
        doing = error or _doing(state, task, now=now, seen=(seen or {}).get(task.id))
        cells = [*_cells(task, doing, frame=frame), *(_use(task) if wide else ()), _elapsed(task, now)]
        table.add_row(*cells, style="reverse" if task.id == selected else None)
    return table


def _cells(task: TaskState, doing: str, *, frame: str) -> Sequence[RenderableType]:
    glyph, style = STYLE[task.status]
    return (
        Text(frame if task.status is TaskStatus.RUNNING else glyph, style),
        Text(plain(task.id)),
        Text(_who(task, _at_work(task))),
        Text(str(task.status), style),
        Text(" ".join(plain(doing).split())),
    )


def _use(task: TaskState) -> Sequence[RenderableType]:
    agents = task.agents.values()
    return (
        str(sum(agent.turns for agent in agents)),
        str(sum(agent.input_tokens + agent.output_tokens for agent in agents)),
        cached_share(agents),
        f"{sum(agent.usd for agent in agents):.3f}",
    )


def _doing(state: RunState, task: TaskState, *, now: datetime, seen: Seen | None) -> str:
    """What is going on and for how long, what it waits for, or what it came to."""
    if task.status is TaskStatus.PENDING:
        return _waits_for(state, task)
    if task.status is TaskStatus.WAITING:
        asked = next((request for request in state.waiting if request.task == task.id), None)
        return f"waits for you: {asked.question}" if asked is not None else "waits for you"
    if task.status is TaskStatus.RUNNING:
        agent = _at_work(task)
        action = agent.last_action if agent is not None else _between_agents(task)
        still = (now - seen.at).total_seconds() if seen is not None else 0
        return f"{action}, {still:.0f} s" if still >= _STILL_S or agent is None else action
    if task.status is TaskStatus.DELIVERED and not task.finished_at and task.id != PLANNING:
        if seen is None or not seen.command:
            return "waits for its turn to land"
        return f"merged on trial: {seen.command}, {(now - seen.at).total_seconds():.0f} s"
    if task.judged is not None:
        return summary(task.judged.checks, task.judged.verification)
    return task.title


def _between_agents(task: TaskState) -> str:
    return "hands on to the next agent" if task.agents else "starting CrewAI"


def _waits_for(state: RunState, task: TaskState) -> str:
    """Why a task has not begun: others come first, or there is no free place."""
    planned = next((each for each in state.plan.tasks if each.id == task.id), None) if state.plan else None
    open_tasks = [
        name
        for name in (planned.depends_on if planned is not None else ())
        if name in state.tasks and state.tasks[name].status is not TaskStatus.MERGED
    ]
    if open_tasks:
        return f"waits for {', '.join(open_tasks)}"
    busy = sum(each.status is TaskStatus.RUNNING for each in state.work())
    return f"waits for a free place, {busy} at work" if busy else "waits for its start"


def _at_work(task: TaskState) -> AgentState | None:
    busy = [agent for agent in task.agents.values() if agent.status == "running"]
    return busy[-1] if busy else None


def _who(task: TaskState, agent: AgentState | None) -> str:
    if agent is None:
        return task.role
    return f"{agent.role} {task.rounds}" if task.rounds > 1 else agent.role


def _elapsed(task: TaskState, now: datetime) -> str:
    if not task.started_at:
        return ""
    end = datetime.fromisoformat(task.finished_at) if task.finished_at else now
    return minutes((end - datetime.fromisoformat(task.started_at)).total_seconds())


def minutes(seconds: float) -> str:
    """Minutes and seconds, `1:05`."""
    whole, rest = divmod(int(max(0, seconds)), 60)
    return f"{whole}:{rest:02d}"


def totals(state: RunState, *, now: datetime) -> Text:
    """Calls, tokens, dollars and time, each against its limit."""
    limits = state.limits
    used = state.usage
    tokens = used.input_tokens + used.output_tokens
    about = "~" if used.estimated_calls else ""
    since = (now - datetime.fromisoformat(state.started_at)).total_seconds() if state.started_at else 0
    parts = [
        f"{used.model_calls} {'call' if used.model_calls == 1 else 'calls'}",
        f"{about}{tokens} tokens{_of(limits.max_tokens)}",
        f"{about}{used.usd:.4f} USD{_of(limits.max_usd)}",
        f"{minutes(since)} min{_of(limits.max_minutes)}",
    ]
    return Text("  ".join(parts), "dim")


def _of(limit: float | None) -> str:
    return f" of {limit:g}" if limit else ""
