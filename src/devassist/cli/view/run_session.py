"""Shows a run until it ends, and prints its result."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from devassist.app.documents import run_document
from devassist.app.runs.detaching import detach
from devassist.app.wiring.project import Project, load_state
from devassist.cli.invocation import Invocation, StreamFormat, print_json, print_line
from devassist.cli.own_command import pasteable
from devassist.cli.plain_text import complain
from devassist.cli.view.keyboard import Keyboard
from devassist.cli.view.progress import LiveProgress, NdjsonProgress, PlainProgress
from devassist.cli.view.render import run_summary
from devassist.domain.errors import UsageError
from devassist.domain.state.run import RunState
from devassist.domain.statuses import Outcome, TaskStatus
from devassist.domain.words import counted
from devassist.ports import EventSink

Work = Callable[[Sequence[EventSink]], RunState]
"""Runs to the end, and writes every record to the sinks."""


def may_ask(invocation: Invocation) -> bool:
    """Whether a person can see the live view and type an answer."""
    return invocation.interactive and sys.stdin.isatty() and not invocation.verbosity


def launch(
    invocation: Invocation, project: Project, work: Work, output: StreamFormat, *, answers: bool = True
) -> None:
    """Start or resume a run in the background, and with `answers` print its id."""
    log = project.worktrees / "background.log"

    def with_lines(sinks: Sequence[EventSink]) -> RunState:
        return work([*sinks, PlainProgress(invocation.say)])

    run_id = detach(with_lines, log)
    if not answers:
        return
    state = load_state(project, run_id)
    if output is StreamFormat.text:
        invocation.answers.print(run_id)
        invocation.suggest(f"watch: {invocation.command(f'watch {run_id}')}")
        invocation.suggest(f"stop:  {invocation.command(f'stop {run_id}')}")
    else:
        (print_json if output is StreamFormat.json else print_line)(run_document(state))


def show_run(
    invocation: Invocation, project: Project, work: Work, output: StreamFormat, *, watched: bool = False
) -> RunState:
    """Run with progress: a live view in a terminal, lines elsewhere; `watched` if another process owns the run."""
    sinks: list[EventSink] = []
    # Asked before the live view, which replaces stderr by a stream that is not a terminal.
    asks = may_ask(invocation)
    with ExitStack() as stack:
        if output is StreamFormat.ndjson:
            sinks.append(NdjsonProgress())
        elif invocation.interactive and not invocation.verbosity:
            live = stack.enter_context(LiveProgress(invocation.narration, watched=watched))
            sinks.append(live)
            if asks:
                stack.enter_context(Keyboard(project, live, watched=watched))
        else:
            sinks.append(PlainProgress(invocation.say, everything=invocation.verbosity > 1))
        return work(sinks)


def answer(invocation: Invocation, state: RunState, output: StreamFormat, *, at: str = "") -> None:
    """Print how a run ended, and what to type next; `at` is its repository if no `-C` named it."""
    if output is StreamFormat.json:
        print_json(run_document(state))
    elif output is StreamFormat.ndjson:
        print_line(run_document(state))
    else:
        command = partial(invocation.command, at=at)
        invocation.answers.print(run_summary(state, command), crop=False)
        for line in next_steps(state, command):
            invocation.suggest(line)
    if state.waiting and not state.error and invocation.quiet:
        count = counted(len(state.waiting), "request")
        complain(f"{state.run} waits for you: {count}", _pasted(invocation, state, at))
    if state.error:
        complain(state.error, _pasted(invocation, state, at))


def _pasted(invocation: Invocation, state: RunState, at: str) -> str:
    return pasteable(state.hint, sys.argv, invocation.host.environment, at=at)


_ENDED = (Outcome.NONE, Outcome.FAILED)
"""Of failed tasks: with these, going on changes nothing; the task has to begin anew."""


def next_steps(state: RunState, command: Callable[[str], str]) -> list[str]:
    """The commands to type next, each as `command` writes it."""
    run_id = state.run
    resume = command(f"resume {run_id}")
    steps = [f"report: {state.report}"]
    if state.waiting:
        steps += [f"answer: {command('inbox')}, then {resume}"]
    failed = [task.id for task in state.work() if task.outcome in _ENDED and task.status is TaskStatus.FAILED]
    if failed:
        steps += [f"again:  {command(f'retry {run_id} {failed[0]}')}, then {resume}"]
    elif str(state.status) in ("stopped", "limited", "failed") and "devassist resume" not in state.hint:
        steps += [f"go on:  {resume}"]
    if state.result_commit is not None:
        steps += [f"look:   {command(f'diff {run_id}')}", f"take:   {command(f'merge {run_id}')}"]
    return [*steps, f"why:    {command(f'logs {run_id}')}"]


def readable(path: Path | None) -> Path | None:
    if path is not None and not path.is_file():
        raise UsageError(f"there is no cassette {path}", hint="devassist run ... --record FILE makes one")
    return path
