"""`devassist run`: read the request, start the run, show it, and print how it ended."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path
from typing import Annotated

import typer

from devassist.app.runs.requesting import RunOptions
from devassist.app.runs.running import start_run
from devassist.cli.artifacts import artifacts_directory
from devassist.cli.invocation import StreamFormat, of
from devassist.cli.view.run_session import answer, launch, may_ask, readable, show_run
from devassist.domain.errors import UsageError
from devassist.domain.plan import Plan, parse_plan
from devassist.domain.roles import CrewSize
from devassist.domain.settings import ApprovalMode


def run(  # the types are the interface
    context: typer.Context,
    goal: Annotated[str, typer.Argument(help="The goal; - reads it from stdin.")] = "",
    goal_file: Annotated[Path | None, typer.Option("-f", "--file", help="Read the goal from FILE.")] = None,
    plan: Annotated[
        Path | None, typer.Option(help="Run this plan (JSON or TOML) instead of planning.")
    ] = None,
    crew: Annotated[
        CrewSize,
        typer.Option(
            help="Who works: one coder and a review, with a tester, a planned team, or as the goal needs it."
        ),
    ] = CrewSize.AUTO,
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
    approve: Annotated[
        ApprovalMode | None,
        typer.Option(help="Whether deliveries land by confidence, by you, or only if sure."),
    ] = None,
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
        bool, typer.Option("--detach", help="Return at once and leave the run in the background.")
    ] = False,
    output: Annotated[
        StreamFormat, typer.Option("--format", help="text, json or ndjson.")
    ] = StreamFormat.text,
) -> None:
    """Plan GOAL into tasks, run a crew on each, and merge what passes."""
    invocation = of(context)
    flags = {
        "model.default": model,
        "limits.max_parallel": max_parallel,
        "limits.max_usd": max_usd,
        "limits.max_tokens": max_tokens,
        "limits.max_minutes": max_minutes,
        "limits.max_rounds": max_rounds,
        "limits.max_turns_per_agent": max_turns,
        "approvals.mode": None if approve is None else str(approve),
    }
    project = invocation.project(flags)
    own_plan = _plan(invocation.host.directory, plan)
    options = RunOptions(
        goal=_goal(goal, goal_file, invocation.host.directory, own_plan),
        plan=own_plan,
        plan_only=plan_only,
        crew=crew,
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
    # Both bring detectors of conflicts along, which are needed after the first model call, and not before.
    from devassist.cli.view.github import run_ended
    from devassist.cli.view.plan_view import print_plan

    if plan_only and state.exit_code == 0:
        print_plan(invocation, project, state, output)
    else:
        answer(invocation, state, output)
    run_ended(invocation, project, state)
    raise typer.Exit(state.exit_code)


def _goal(goal: str, file: Path | None, directory: Path, plan: Plan | None) -> str:
    if file is not None and goal:
        raise UsageError("both a goal and -f are given", hint="give one of them")
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


def _document(path: Path) -> object:
    """The plan as TOML or JSON gives it. Raises UsageError if the file is neither."""
    text = _text(path, "the plan")
    try:
        document: object = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except (tomllib.TOMLDecodeError, ValueError, RecursionError) as error:
        kind = "TOML" if path.suffix == ".toml" else "JSON"
        raise UsageError(
            f"plan {path} is not {kind}: {error}",
            hint="'devassist run GOAL --plan-only --format json' prints one",
        ) from error
    return document


def _text(path: Path, what: str) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(
            f"{what} cannot be read from {path}: {reason}",
            hint="paths are relative to -C or the current directory",
        ) from error


def _below(directory: Path, path: Path | None) -> Path | None:
    return None if path is None else directory / path
