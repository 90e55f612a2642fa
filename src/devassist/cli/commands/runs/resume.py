"""Commands that steer a run from any terminal: resume, stop, watch, note, retry."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from devassist.app import reports as reporting
from devassist.app.runs.decisions import post_note, retry_task, stop_run
from devassist.app.runs.following import follow
from devassist.app.runs.ownership import is_alive, live_runs
from devassist.app.runs.requesting import ResumeOptions
from devassist.app.runs.running import project_of_run, resume_run
from devassist.app.wiring.project import Project, load_state
from devassist.cli.artifacts import artifacts_directory
from devassist.cli.commands.conflicts.resolve import show_resolution
from devassist.cli.commands.runs.run import answer, launch, may_ask, readable, show_run
from devassist.cli.commands.runs.status import Output, Run
from devassist.cli.invocation import Format, Invocation, StreamFormat, of, print_json
from devassist.cli.view.github import run_ended
from devassist.cli.view.progress import PlainProgress
from devassist.domain.errors import UsageError
from devassist.domain.run import RunState

Task = Annotated[str, typer.Argument(metavar="TASK", help="The task's id in the plan.")]


def register(app: typer.Typer) -> None:
    for command in (resume, stop, watch, note, retry):
        app.command()(command)


def resume(
    context: typer.Context,
    run: Run,
    model: Annotated[str | None, typer.Option(help="Go on with another litellm model.")] = None,
    max_parallel: Annotated[int | None, typer.Option(min=1, help="Crews at work at the same time.")] = None,
    max_usd: Annotated[float | None, typer.Option(min=0, help="Model spend for the whole run.")] = None,
    max_tokens: Annotated[int | None, typer.Option(min=0, help="Tokens for the whole run.")] = None,
    max_minutes: Annotated[float | None, typer.Option(min=0, help="Wall time of the whole run.")] = None,
    max_rounds: Annotated[int | None, typer.Option(min=1, help="Deliveries of one task.")] = None,
    max_turns: Annotated[
        int | None, typer.Option("--max-turns-per-agent", min=1, help="Model calls of one agent in a round.")
    ] = None,
    approve: Annotated[str | None, typer.Option(help="auto, ask or never.")] = None,
    record: Annotated[Path | None, typer.Option(help="Write the model's replies to a cassette.")] = None,
    replay: Annotated[Path | None, typer.Option(help="Take further replies from a cassette.")] = None,
    unsafe_no_sandbox: Annotated[
        bool, typer.Option("--unsafe-no-sandbox", help="If no sandbox works, run commands without one.")
    ] = False,
    detached: Annotated[bool, typer.Option("--detach", help="Go on in the background.")] = False,
    artifacts: Annotated[
        Path | None, typer.Option(help="Write the files of a CI job into DIR; DEVASSIST_ARTIFACTS as well.")
    ] = None,
    output: Annotated[
        StreamFormat, typer.Option("--format", help="text, json or ndjson.")
    ] = StreamFormat.text,
) -> None:
    """Go on with a run after a crash, a stop, a limit or an answer. What is paid for is not paid again."""
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
    project = invocation.project()
    state = load_state(project, run)
    if is_alive(project, state.run) and state.sessions[-1].detached and not detached:
        invocation.say(f"{state.run} is at work in the background already; watching it", style="yellow")
        _follow_to_end(invocation, project, state.run, output)
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
        _go_on_resolving(invocation, own, state, options, output)
        return
    if detached:
        launch(invocation, own, lambda sinks: resume_run(own, state.run, options, sinks=sinks), output)
        return
    state = show_run(invocation, own, lambda sinks: resume_run(own, state.run, options, sinks=sinks), output)
    answer(invocation, state, output)
    run_ended(invocation, project, state)
    raise typer.Exit(state.exit_code)


def _go_on_resolving(
    invocation: Invocation, project: Project, state: RunState, options: ResumeOptions, output: StreamFormat
) -> None:
    """A run that `conflicts resolve --agent` made: it ends as that does."""
    from devassist.app.conflicts.resolve_by_agent import resume_by_agent

    if options.detached:
        raise UsageError(f"{state.run} settles one conflict, in the foreground", hint="leave --detach out")
    progress = PlainProgress(invocation.say, everything=invocation.verbosity > 1)
    resolution = resume_by_agent(project, state, options, sinks=[progress])
    show_resolution(invocation, resolution, Format.text if output is StreamFormat.text else Format.json)


def stop(
    context: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN", help="Run id, its beginning, or @last.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Every live run of this repository.")] = False,
    now: Annotated[bool, typer.Option("--now", help="Kill everything at once.")] = False,
    output: Output = Format.text,
) -> None:
    """Stop a run: what is in flight is finished, work in progress is kept under a rescue ref."""
    invocation = of(context)
    project = invocation.project()
    if every == bool(run):
        raise UsageError("name a run, or say --all", hint="devassist status lists the runs")
    runs = live_runs(project) if every else [load_state(project, run).run]
    invocation.say(f"stopping {', '.join(runs) or 'nothing: no run is at work'}")
    stopped = [stop_run(project, one, now=now) for one in runs]
    if output is Format.json:
        print_json(
            {"schema": "devassist.stopped/1", "runs": [reporting.run_document(state) for state in stopped]}
        )
        return
    for state in stopped:
        invocation.answers.print(f"{state.run} {state.status}")
        for agent, ref in state.rescued.items():
            invocation.say(f"  kept: uncommitted work of {agent} is in {ref}")
        invocation.say(f"  go on: devassist resume {state.run}", style="dim")


def watch(
    context: typer.Context,
    run: Run = "@last",
    output: Annotated[
        StreamFormat, typer.Option("--format", help="text, json or ndjson.")
    ] = StreamFormat.text,
) -> None:
    """Follow a run live, from any terminal or worktree. Ctrl-C detaches and leaves the run alone."""
    invocation = of(context)
    project = invocation.project()
    _follow_to_end(invocation, project, load_state(project, run).run, output)


def _follow_to_end(invocation: Invocation, project: Project, run: str, output: StreamFormat) -> None:
    try:
        state = show_run(
            invocation,
            project,
            lambda sinks: follow(
                project, run, sinks, past=output is not StreamFormat.text or _live(invocation)
            ),
            output,
        )
    except KeyboardInterrupt:
        invocation.say(f"detached; {run} goes on", style="yellow")
        raise typer.Exit(0) from None
    answer(invocation, state, output)
    raise typer.Exit(state.exit_code)


def _live(invocation: Invocation) -> bool:
    return invocation.interactive and not invocation.verbosity


def note(
    context: typer.Context,
    run: Run,
    task: Task,
    text: Annotated[str, typer.Argument(help="What the agent is told before its next model call.")],
    output: Output = Format.text,
) -> None:
    """Tell the agent at work on a task something; it reads it at its next turn."""
    invocation = of(context)
    project = invocation.project()
    if not text.strip():
        raise UsageError("the note is empty", hint=f"devassist note {run} {task} 'what it should know'")
    state = post_note(project, run, task, text.strip())
    alive = is_alive(project, state.run)
    if output is Format.json:
        print_json({"schema": "devassist.note/1", "run": state.run, "task": task, "live": alive})
        return
    when = "at its next turn" if alive else f"when the run goes on: devassist resume {state.run}"
    invocation.say(f"noted; {task} is told {when}")


def retry(
    context: typer.Context,
    run: Run,
    task: Task,
    reason: Annotated[str, typer.Option(help="What the next attempt should mind.")] = "",
    output: Output = Format.text,
) -> None:
    """Have a task that failed, stopped or did not land begin anew, on top of what it had committed."""
    invocation = of(context)
    project = invocation.project()
    state = retry_task(project, run, task, reason)
    if reason:
        post_note(project, state.run, task, reason)
    alive = is_alive(project, state.run)
    if output is Format.json:
        print_json({"schema": "devassist.retry/1", "run": state.run, "task": task, "live": alive})
        return
    invocation.say(
        f"{task} begins anew"
        if alive
        else f"{task} begins anew when the run goes on: devassist resume {state.run}"
    )
