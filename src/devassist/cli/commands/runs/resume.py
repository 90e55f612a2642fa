"""`devassist resume`: continue a run after a crash, a stop, a limit or a decision."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from devassist.app.conflicts.resolve_by_agent import resume_by_agent
from devassist.app.runs.ownership import is_alive
from devassist.app.runs.requesting import ResumeOptions
from devassist.app.runs.running import project_of_run, resume_run
from devassist.app.wiring.project import Project, load_state
from devassist.cli.artifacts import artifacts_directory
from devassist.cli.commands.runs.watch import follow_to_end
from devassist.cli.invocation import Format, Invocation, StreamFormat, of
from devassist.cli.run_argument import Run
from devassist.cli.view.github import run_ended
from devassist.cli.view.progress import PlainProgress
from devassist.cli.view.resolution_view import show_resolution
from devassist.cli.view.run_session import answer, launch, may_ask, readable, show_run
from devassist.domain.errors import UsageError
from devassist.domain.settings import ApprovalMode
from devassist.domain.state.run import RunState


def resume(
    context: typer.Context,
    run: Run = "@last",
    model: Annotated[str | None, typer.Option(help="Continue with another litellm model.")] = None,
    max_parallel: Annotated[int | None, typer.Option(min=1, help="Crews at work at the same time.")] = None,
    max_usd: Annotated[float | None, typer.Option(min=0, help="Model spend for the whole run.")] = None,
    max_tokens: Annotated[int | None, typer.Option(min=0, help="Tokens for the whole run.")] = None,
    max_minutes: Annotated[float | None, typer.Option(min=0, help="Wall time of the whole run.")] = None,
    max_rounds: Annotated[int | None, typer.Option(min=1, help="Deliveries of one task.")] = None,
    max_turns: Annotated[
        int | None, typer.Option("--max-turns-per-agent", min=1, help="Model calls of one agent in a round.")
    ] = None,
    approve: Annotated[
        ApprovalMode | None,
        typer.Option(help="Whether deliveries land by confidence, by you, or only if sure."),
    ] = None,
    record: Annotated[Path | None, typer.Option(help="Write the model's replies to a cassette.")] = None,
    replay: Annotated[Path | None, typer.Option(help="Take further replies from a cassette.")] = None,
    unsafe_no_sandbox: Annotated[
        bool, typer.Option("--unsafe-no-sandbox", help="If no sandbox works, run commands without one.")
    ] = False,
    detached: Annotated[bool, typer.Option("--detach", help="Continue in the background.")] = False,
    artifacts: Annotated[
        Path | None,
        typer.Option(help="Write the files of a CI job into DIR; by default DEVASSIST_ARTIFACTS."),
    ] = None,
    output: Annotated[
        StreamFormat, typer.Option("--format", help="text, json or ndjson.")
    ] = StreamFormat.text,
) -> None:
    """
    Continue a run after a crash, a stop, a limit or a decision.

    Model calls that were paid for are not paid for again.
    """
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
    project = invocation.project()
    state = load_state(project, run)
    if is_alive(project, state.run) and state.sessions[-1].detached and not detached:
        invocation.say(f"{state.run} is running in the background already; watching it", style="yellow")
        follow_to_end(invocation, project, state.run, output)
        return
    own, state = project_of_run(project, state.run, flags)
    directory = invocation.host.directory
    options = ResumeOptions(
        model=model is not None,
        record=None if record is None else directory / record,
        replay=readable(None if replay is None else directory / replay),
        unsafe_no_sandbox=unsafe_no_sandbox,
        waits=may_ask(invocation) and output is StreamFormat.text and not detached,
        detached=detached,
        artifacts=artifacts_directory(invocation.host, artifacts),
    )
    if state.started.resolution is not None:
        _resume_resolution(invocation, own, state, options, output)
        return
    if detached:
        launch(invocation, own, lambda sinks: resume_run(own, state.run, options, sinks=sinks), output)
        return
    state = show_run(invocation, own, lambda sinks: resume_run(own, state.run, options, sinks=sinks), output)
    answer(invocation, state, output)
    run_ended(invocation, project, state)
    raise typer.Exit(state.exit_code)


def _resume_resolution(
    invocation: Invocation, project: Project, state: RunState, options: ResumeOptions, output: StreamFormat
) -> None:
    """Resume a run that `conflicts resolve --agent` started, and end as that does."""
    if options.detached:
        raise UsageError(
            f"{state.run} resolves one conflict, in the foreground only", hint="leave --detach out"
        )
    progress = PlainProgress(invocation.say, everything=invocation.verbosity > 1)
    resolution = resume_by_agent(project, state, options, sinks=[progress])
    show_resolution(invocation, resolution, Format.text if output is StreamFormat.text else Format.json)
