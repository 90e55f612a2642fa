"""Runs and tasks as tables and text for a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from textwrap import indent

from rich.console import Group, RenderableType
from rich.text import Text

from devassist.cli.plain_text import first_line, plain
from devassist.cli.view.listing import Listing
from devassist.cli.view.times import day_and_time
from devassist.domain.findings import summary
from devassist.domain.handoffs import Verdict
from devassist.domain.state.run import RunState
from devassist.domain.state.tasks import AgentState
from devassist.domain.statuses import RunStatus, TaskStatus

STYLE = {
    TaskStatus.PENDING: ("·", "dim"),
    TaskStatus.RUNNING: ("▶", "cyan"),
    TaskStatus.WAITING: ("?", "yellow"),
    TaskStatus.DELIVERED: ("◆", "blue"),
    TaskStatus.MERGED: ("✔", "green"),
    TaskStatus.FAILED: ("✘", "red"),
    TaskStatus.STOPPED: ("■", "yellow"),
}
_GOAL = 80
RUN_STYLE = {
    RunStatus.RUNNING: "cyan",
    RunStatus.SUCCEEDED: "green",
    RunStatus.PARTIAL: "yellow",
    RunStatus.FAILED: "red",
    RunStatus.WAITING: "yellow",
    RunStatus.STOPPED: "yellow",
    RunStatus.LIMITED: "yellow",
}


def cached_share(agents: Iterable[AgentState]) -> str:
    """The share of the agents' input that came from a provider's cache; empty if nothing was sent yet."""
    read, sent = 0, 0
    for agent in agents:
        read, sent = read + agent.cached_input_tokens, sent + agent.input_tokens
    return f"{read / sent:.0%}" if sent else ""


def spent(agent: AgentState) -> str:
    """An agent's use: `5 turns, 12,345 tokens in (80% from a cache), 800 out, 0.0123 USD, 31 s (19 s its model)`."""
    about = "~" if agent.estimated else ""
    cached = cached_share([agent]) if agent.cached_input_tokens else ""
    facts = [
        "1 turn" if agent.turns == 1 else f"{agent.turns} turns",
        f"{about}{agent.input_tokens:,} tokens in" + (f" ({cached} from a cache)" if cached else ""),
        f"{about}{agent.output_tokens:,} out",
        f"{about}{agent.usd:.4f} USD",
    ]
    if agent.seconds:
        facts.append(f"{agent.seconds:.0f} s ({agent.model_s:.0f} s its model)")
    return ", ".join(facts)


def run_summary(state: RunState, command: Callable[[str], str]) -> RenderableType:
    """
    The end of a run in a terminal: tasks, errors, warnings, rescued work and open requests.

    `command` writes a devassist command as it can be pasted.
    """
    style = RUN_STYLE[state.status]
    parts: list[RenderableType] = [Text.assemble((f"{state.status}", f"bold {style}"), f"  {state.run}")]
    for task in state.work():
        glyph, look = STYLE[task.status]
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
                rest = command(f"show {state.run}/{task.id} --log")
                # Printed as one line, whatever the terminal's width: it is to be pasted.
                parts.append(Text(f"      all of it: {rest}", "dim", no_wrap=True, overflow="ignore"))
    if state.error and not any(task.error and task.error in state.error for task in state.work()):
        parts.append(Text(f"  {plain(state.error)}", "red"))
    parts += [Text(f"  note: {plain(first_line(warning))}", "yellow") for warning in state.warnings]
    parts += [
        Text(f"  kept: uncommitted work of {agent} is in {ref}") for agent, ref in state.rescued.items()
    ]
    parts += [
        Text(f"  waits: {plain(request.question)}  [{request.id}]", "yellow") for request in state.waiting
    ]
    return Group(*parts)


def _short(goal: str) -> str:
    words = " ".join(plain(goal).split())
    return words if len(words) <= _GOAL else f"{words[: _GOAL - 1]}…"


def runs_table(runs: Iterable[RunState]) -> Listing:
    """The runs, in their order."""
    listing = Listing(("run", "status", "tasks", "started", "goal"), ids=("run", "status"))
    for run in runs:
        counts = Counter(task.status for task in run.work())
        facts = [f"{count} {status}" for status, count in counts.items()]
        facts += [f"{len(run.waiting)} to answer"] if run.waiting else []
        listing.add(run.run, run.status, ", ".join(facts), day_and_time(run.started_at), _short(run.goal))
    return listing
