"""Runs and tasks as tables and text for a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from textwrap import indent

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from devassist.cli.plain_text import plain
from devassist.cli.view.meeting import sureness
from devassist.domain.findings import summary
from devassist.domain.handoffs import Verdict
from devassist.domain.state.approvals import ApprovalState
from devassist.domain.state.run import RunState
from devassist.domain.state.tasks import AgentState, TaskState
from devassist.domain.statuses import RunStatus, TaskStatus

_STYLE = {
    TaskStatus.PENDING: ("·", "dim"),
    TaskStatus.RUNNING: ("▶", "cyan"),
    TaskStatus.WAITING: ("?", "yellow"),
    TaskStatus.DELIVERED: ("◆", "blue"),
    TaskStatus.MERGED: ("✔", "green"),
    TaskStatus.FAILED: ("✘", "red"),
    TaskStatus.STOPPED: ("■", "yellow"),
}
_RUN_STYLE = {
    RunStatus.RUNNING: "cyan",
    RunStatus.SUCCEEDED: "green",
    RunStatus.PARTIAL: "yellow",
    RunStatus.FAILED: "red",
    RunStatus.WAITING: "yellow",
    RunStatus.STOPPED: "yellow",
    RunStatus.LIMITED: "yellow",
}
_WIDE = 110


def live_view(state: RunState, *, now: datetime, width: int) -> RenderableType:
    """The live view: a line per task, conflicts, open requests, and totals against limits."""
    head = Text.assemble(
        ("devassist ", "bold"), (state.run, "bold cyan"), " ", (plain(state.goal)[:width], "dim")
    )
    head.truncate(width, overflow="ellipsis")
    parts: list[RenderableType] = [head, task_table(state, now=now, width=width)]
    parts += [
        Text(f"conflict{sureness(conflict.status)}: {plain(conflict.explanation)}", "red")
        for conflict in list(state.conflicts.values())[-3:]
    ]
    parts += [
        Text(f"waits for a person: {plain(request.question)}", "yellow") for request in state.waiting[-3:]
    ]
    parts.append(totals(state, now=now))
    return Group(*parts)


def prompt_line(request: ApprovalState, typed: str, note: str) -> RenderableType:
    """The line in which a person types an answer during the run."""
    how = "type the answer" if request.kind == "question" else "y approves, n rejects, then Enter"
    return Text.assemble(
        (f"{request.id} ", "bold yellow"), (f"({note or how}) ", "dim"), ("> ", "bold"), plain(typed)
    )


def task_table(state: RunState, *, now: datetime, width: int) -> Table:
    """The tasks, narrow enough for 80 columns."""
    wide = width >= _WIDE
    table = Table(box=None, padding=(0, 1), pad_edge=False, expand=False, width=width)
    table.add_column("", width=1)
    table.add_column("task", no_wrap=True, max_width=24 if wide else 14)
    table.add_column("at work", no_wrap=True, min_width=9)
    table.add_column("state", no_wrap=True, min_width=9)
    if wide:
        table.add_column("last action", no_wrap=True, ratio=1, overflow="ellipsis")
        table.add_column("turns", justify="right", no_wrap=True)
        table.add_column("tokens", justify="right", no_wrap=True)
        table.add_column("cached", justify="right", no_wrap=True)
        table.add_column("USD", justify="right", no_wrap=True)
    else:
        table.add_column("last action", no_wrap=True, ratio=1, overflow="ellipsis")
    table.add_column("time", justify="right", no_wrap=True)
    for task in state.tasks.values():
        table.add_row(*_row(task, now=now, wide=wide))
    return table


def _row(task: TaskState, *, now: datetime, wide: bool) -> Sequence[RenderableType]:
    glyph, style = _STYLE[task.status]
    agent = _at_work(task)
    doing = task.error or _doing(task, agent)
    cells: list[RenderableType] = [
        Text(glyph, style),
        Text(plain(task.id)),
        Text(_who(task, agent)),
        Text(str(task.status), style),
        Text(" ".join(plain(doing).split())),
    ]
    if wide:
        agents = task.agents.values()
        cells += [
            str(sum(agent.turns for agent in agents)),
            str(sum(agent.input_tokens + agent.output_tokens for agent in agents)),
            _cached(agents),
            f"{sum(agent.usd for agent in agents):.3f}",
        ]
    return [*cells, _elapsed(task, now)]


def _cached(agents: Iterable[AgentState]) -> str:
    """The share of the agents' input that came from a provider's cache; empty if nothing was sent yet."""
    read, sent = 0, 0
    for agent in agents:
        read, sent = read + agent.cached_input_tokens, sent + agent.input_tokens
    return f"{read / sent:.0%}" if sent else ""


def spent(agent: AgentState) -> str:
    """An agent's use: `5 turns, 12,345 tokens in (80% from a cache), 800 out, 0.0123 USD, 31 s (19 s its model)`."""
    about = "~" if agent.estimated else ""
    cached = _cached([agent]) if agent.cached_input_tokens else ""
    facts = [
        "1 turn" if agent.turns == 1 else f"{agent.turns} turns",
        f"{about}{agent.input_tokens:,} tokens in" + (f" ({cached} from a cache)" if cached else ""),
        f"{about}{agent.output_tokens:,} out",
        f"{about}{agent.usd:.4f} USD",
    ]
    if agent.seconds:
        facts.append(f"{agent.seconds:.0f} s ({agent.model_s:.0f} s its model)")
    return ", ".join(facts)


def _doing(task: TaskState, agent: AgentState | None) -> str:
    """What is going on, or what it came to."""
    if agent and task.status is TaskStatus.RUNNING:
        return agent.last_action
    return summary(task.judged.checks, task.judged.verification) if task.judged is not None else task.title


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
    return _seconds((end - datetime.fromisoformat(task.started_at)).total_seconds())


def _seconds(seconds: float) -> str:
    minutes, rest = divmod(int(max(0, seconds)), 60)
    return f"{minutes}:{rest:02d}"


def totals(state: RunState, *, now: datetime) -> Text:
    limits = state.limits
    used = state.usage
    tokens = used.input_tokens + used.output_tokens
    about = "~" if used.estimated_calls else ""
    since = (now - datetime.fromisoformat(state.started_at)).total_seconds() if state.started_at else 0
    parts = [
        f"{used.model_calls} calls",
        f"{about}{tokens} tokens{_of(limits.max_tokens)}",
        f"{about}{used.usd:.4f} USD{_of(limits.max_usd)}",
        f"{_seconds(since)} min{_of(limits.max_minutes)}",
    ]
    return Text("  ".join(parts), "dim")


def _of(limit: float | None) -> str:
    return f" of {limit:g}" if limit else ""


def run_summary(state: RunState, command: Callable[[str], str]) -> RenderableType:
    """
    The end of a run in a terminal: tasks, errors, warnings, rescued work and open requests.

    `command` writes a devassist command as it can be pasted.
    """
    style = _RUN_STYLE[state.status]
    parts: list[RenderableType] = [Text.assemble((f"{state.status}", f"bold {style}"), f"  {state.run}")]
    for task in state.work():
        glyph, look = _STYLE[task.status]
        verified = task.claims()[Verdict.VERIFIED]
        proof = f"{verified} claim{'s' if verified > 1 else ''} verified" if verified else ""
        checks = summary(task.judged.checks, task.judged.verification) if task.judged is not None else ""
        rounds = f"{task.rounds} rounds" if task.rounds > 1 else ""
        facts = ", ".join(filter(None, (proof, checks, rounds)))
        parts.append(
            Text.assemble((f"  {glyph} ", look), f"{task.id}  {plain(task.title)}", (f"  {facts}", "dim"))
        )
        if task.error:
            parts.append(Text(indent(plain(task.error), "      "), "red"))
            if "\n" in task.error:
                parts.append(Text(f"      all of it: {command(f'show {state.run}/{task.id} --log')}", "dim"))
    if state.error and not any(task.error and task.error in state.error for task in state.work()):
        parts.append(Text(f"  {plain(state.error)}", "red"))
    parts += [Text(f"  note: {plain(warning)}", "yellow") for warning in state.warnings]
    parts += [
        Text(f"  kept: uncommitted work of {agent} is in {ref}") for agent, ref in state.rescued.items()
    ]
    parts += [
        Text(f"  waits: {plain(request.question)}  [{request.id}]", "yellow") for request in state.waiting
    ]
    return Group(*parts)


def runs_table(runs: Iterable[RunState]) -> Table:
    """A line for each run, in their order."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name in ("run", "status", "tasks", "started", "goal"):
        table.add_column(name, no_wrap=name != "goal")
    for run in runs:
        counts = Counter(task.status for task in run.work())
        facts = [f"{count} {status}" for status, count in counts.items()]
        facts += [f"{len(run.waiting)} to answer"] if run.waiting else []
        table.add_row(
            run.run,
            run.status,
            ", ".join(facts),
            run.started_at[5:16].replace("T", " "),
            Text(" ".join(plain(run.goal).split()), no_wrap=True, overflow="ellipsis"),
        )
    return table
