"""`devassist run`: read the request, start it, show it, answer with how it ended."""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from devassist.app import reports as reporting
from devassist.app.runs.detaching import detach
from devassist.app.runs.plan_estimate import foreseen
from devassist.app.runs.requesting import RunOptions
from devassist.app.runs.running import start_run
from devassist.app.wiring.project import Project, load_state
from devassist.cli.artifacts import artifacts_directory
from devassist.cli.invocation import Invocation, StreamFormat, complain, of, print_json, print_line
from devassist.cli.view.answering import Answering
from devassist.cli.view.github import run_ended
from devassist.cli.view.progress import LiveProgress, NdjsonProgress, PlainProgress
from devassist.cli.view.render import run_summary
from devassist.domain.errors import UsageError
from devassist.domain.plan import Plan, parse_plan
from devassist.domain.run import RunState
from devassist.ports import EventSink

Work = Callable[[Sequence[EventSink]], RunState]
"""Owns a run to its end, telling the sinks of every record."""


def register(app: typer.Typer) -> None:
    app.command("run")(run)


def run(  # the types are the interface
    context: typer.Context,
    goal: Annotated[str, typer.Argument(help="What is wanted; - reads it from stdin.")] = "",
    goal_file: Annotated[Path | None, typer.Option("-f", "--file", help="Read the goal from FILE.")] = None,
    plan: Annotated[
        Path | None, typer.Option(help="Run this plan (JSON or TOML) instead of planning.")
    ] = None,
    plan_only: Annotated[bool, typer.Option("--plan-only", help="Print the plan and stop.")] = False,
    model: Annotated[str | None, typer.Option(help="Any litellm model string, for all roles.")] = None,
    max_parallel: Annotated[int | None, typer.Option(min=1, help="Crews at work at the same time.")] = None,
    max_usd: Annotated[
        float | None, typer.Option(min=0, help="Model spend for the run; 0 is no limit.")
    ] = None,
    max_tokens: Annotated[int | None, typer.Option(min=0, help="Tokens for the run; 0 is no limit.")] = None,
    max_minutes: Annotated[float | None, typer.Option(min=0, help="Wall time; 0 is no limit.")] = None,
    max_rounds: Annotated[int | None, typer.Option(min=1, help="Deliveries of one task.")] = None,
    max_turns: Annotated[
        int | None,
        typer.Option("--max-turns-per-agent", min=1, help="Model calls of one agent in one round."),
    ] = None,
    base: Annotated[str, typer.Option(help="Start from REV instead of HEAD.")] = "",
    include_dirty: Annotated[
        bool, typer.Option("--include-dirty", help="Take uncommitted work into the base, touching nothing.")
    ] = False,
    approve: Annotated[str | None, typer.Option(help="auto, ask or never.")] = None,
    record: Annotated[Path | None, typer.Option(help="Write the model's replies to a cassette.")] = None,
    replay: Annotated[Path | None, typer.Option(help="Take the model's replies from a cassette.")] = None,
    artifacts: Annotated[
        Path | None,
        typer.Option(help="Write run.json, events, JUnit, SARIF and reports into this directory, for CI."),
    ] = None,
    unsafe_no_sandbox: Annotated[
        bool, typer.Option("--unsafe-no-sandbox", help="If no sandbox works, run commands without one.")
    ] = False,
    detached: Annotated[
        bool, typer.Option("--detach", help="Return at once; the run goes on in the background.")
    ] = False,
    output: Annotated[
        StreamFormat, typer.Option("--format", help="text, json or ndjson.")
    ] = StreamFormat.text,
) -> None:
    """Plan GOAL into tasks, let crews work on them in worktrees, and land what is proved on a result branch."""
    invocation = of(context)
    flags = {
        "model.default": model,
        "limits.max_parallel": max_parallel,
        "limits.max_usd": max_usd,
        "limits.max_tokens": max_tokens,
        "limits.max_minutes": max_minutes,
        "limits.max_rounds": max_rounds,
        "limits.max_turns_per_agent": max_turns,
        "approvals.mode": approve,
    }
    project = invocation.project(flags)
    given = _plan(invocation.host.directory, plan)
    options = RunOptions(
        goal=_goal(goal, goal_file, invocation.host.directory, given),
        plan=given,
        plan_only=plan_only,
        base=base,
        include_dirty=include_dirty,
        record=_below(invocation.host.directory, record),
        replay=readable(_below(invocation.host.directory, replay)),
        unsafe_no_sandbox=unsafe_no_sandbox,
        waits=may_ask(invocation) and output is StreamFormat.text and not detached,
        detached=detached,
        artifacts=artifacts_directory(invocation.host, artifacts),
    )
    if detached:
        launch(invocation, project, lambda sinks: start_run(project, options, sinks=sinks), output)
        return
    state = show_run(invocation, project, lambda sinks: start_run(project, options, sinks=sinks), output)
    if plan_only and state.exit_code == 0:
        _print_plan(invocation, project, state, output)
    else:
        answer(invocation, state, output)
    run_ended(invocation, project, state)
    raise typer.Exit(state.exit_code)


def may_ask(invocation: Invocation) -> bool:
    """Whether a person sits there who sees the live view and can type an answer."""
    return invocation.interactive and sys.stdin.isatty() and not invocation.verbosity


def launch(
    invocation: Invocation, project: Project, work: Work, output: StreamFormat, *, answers: bool = True
) -> None:
    """Have a run go on in the background, and with `answers` say its id."""
    log = project.worktrees / "background.log"

    def with_lines(sinks: Sequence[EventSink]) -> RunState:
        return work([*sinks, PlainProgress(invocation.say)])

    run_id = detach(with_lines, log)
    if not answers:
        return
    state = load_state(project, run_id)
    if output is StreamFormat.text:
        invocation.answers.print(run_id)
        invocation.say(f"watch: devassist watch {run_id}", style="dim")
        invocation.say(f"stop:  devassist stop {run_id}", style="dim")
    else:
        (print_json if output is StreamFormat.json else print_line)(reporting.run_document(state))


def show_run(invocation: Invocation, project: Project, work: Work, output: StreamFormat) -> RunState:
    """Run with progress as the place allows: a live table in a terminal, lines elsewhere."""
    sinks: list[EventSink] = []
    asks = may_ask(
        invocation
    )  # before the live view: it puts something that is no terminal in place of stderr
    with ExitStack() as stack:
        if output is StreamFormat.ndjson:
            sinks.append(NdjsonProgress())
        elif invocation.interactive and not invocation.verbosity:
            live = stack.enter_context(LiveProgress(invocation.narration))
            sinks.append(live)
            if asks:
                stack.enter_context(Answering(project, live))
        else:
            sinks.append(PlainProgress(invocation.say, everything=invocation.verbosity > 1))
        return work(sinks)


def answer(invocation: Invocation, state: RunState, output: StreamFormat) -> None:
    if output is StreamFormat.json:
        print_json(reporting.run_document(state))
    elif output is StreamFormat.ndjson:
        print_line(reporting.run_document(state))
    else:
        invocation.answers.print(run_summary(state))
        for line in next_steps(state):
            invocation.say(line, style="dim")
    if state.error:
        complain(state.error, state.hint)


def next_steps(state: RunState) -> list[str]:
    """What to type next, each a whole command."""
    run_id = state.run
    steps = [f"report: {state.report}"]
    if state.waiting:
        steps += [f"answer: devassist inbox, then devassist resume {run_id}"]
    elif str(state.status) in ("stopped", "limited", "failed") and "devassist resume" not in state.hint:
        steps += [f"go on:  devassist resume {run_id}"]
    if state.result_commit is not None:
        steps += [f"look:   devassist diff {run_id}", f"take:   devassist merge {run_id}"]
    return [*steps, f"why:    devassist logs {run_id}"]


def _print_plan(invocation: Invocation, project: Project, state: RunState, output: StreamFormat) -> None:
    assert state.plan is not None  # noqa: S101  exit code 0 of --plan-only means there is one
    seen = foreseen(project, state.plan, state.base)
    if output is not StreamFormat.text:
        (print_json if output is StreamFormat.json else print_line)(reporting.plan_document(state.plan, seen))
        return
    for task in state.plan.tasks:
        after = f"  after {', '.join(task.depends_on)}" if task.depends_on else ""
        scope = ", ".join(task.scope) or "the whole repository"
        invocation.answers.print(f"{task.id}  {task.role}  {task.title}{after}", markup=False)
        invocation.answers.print(f"    scope: {scope}", markup=False)
        for check in task.checks:
            invocation.answers.print(f"    check: {check}", markup=False)
    for one in seen["predicted"]:
        invocation.answers.print(f"{', '.join(one['tasks'])}: {one['reason']}", style="yellow", markup=False)
        if one["paths"]:
            invocation.answers.print(f"    in: {', '.join(one['paths'])}", markup=False)
    invocation.answers.print(_cost(seen["estimate"]), markup=False)
    for warning in state.warnings:
        invocation.say(f"note: {warning}", style="yellow")


def _cost(estimate: Mapping[str, Any] | None) -> str:
    if estimate is None:
        return "no estimate: no run of this repository has been recorded yet"
    tokens = estimate["input_tokens"] + estimate["output_tokens"]
    spent = f"{estimate['model_calls']} model calls, {tokens} tokens, {estimate['usd']:.4f} USD"
    return f"about {spent} (medians of {estimate['runs']} past runs)"


def _goal(goal: str, file: Path | None, directory: Path, plan: Plan | None) -> str:
    if file is not None and goal:
        raise UsageError("both a goal and -f were given", hint="give one of them")
    if file is not None:
        text = _text(directory / file, "the goal")
    else:
        text = sys.stdin.read() if goal == "-" else goal
    if text.strip():
        return text.strip()
    if plan is not None:
        return plan.goal
    raise UsageError("there is no goal", hint="devassist run 'what is wanted', or -f FILE, or - for stdin")


def _plan(directory: Path, file: Path | None) -> Plan | None:
    if file is None:
        return None
    path = directory / file
    return parse_plan(_document(path), source=f"plan {path}")


def _document(path: Path) -> Mapping[str, Any]:
    text = _text(path, "the plan")
    try:
        found: Mapping[str, Any] = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except (tomllib.TOMLDecodeError, ValueError, RecursionError) as error:
        kind = "TOML" if path.suffix == ".toml" else "JSON"
        raise UsageError(
            f"plan {path} is not {kind}: {error}",
            hint="'devassist run GOAL --plan-only --format json' prints one",
        ) from error
    return found


def _text(path: Path, what: str) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(
            f"{what} cannot be read from {path}: {reason}",
            hint="a path counts from -C or the current directory",
        ) from error


def _below(directory: Path, path: Path | None) -> Path | None:
    return None if path is None else directory / path


def readable(path: Path | None) -> Path | None:
    if path is not None and not path.is_file():
        raise UsageError(f"there is no cassette {path}", hint="devassist run ... --record FILE makes one")
    return path
