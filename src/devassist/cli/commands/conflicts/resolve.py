"""`devassist conflicts resolve`: settle a conflict."""

from __future__ import annotations

import getpass
import sys
from dataclasses import asdict, replace
from typing import Annotated

import typer

from devassist.app.conflicts.learning import learn_from_history, repeated_answer
from devassist.app.conflicts.open_conflict import Answer, OpenConflict, opened
from devassist.app.conflicts.resolve import Resolution, settle
from devassist.app.conflicts.resolve import undo as undo_resolution
from devassist.app.conflicts.resolve_by_agent import resolve_by_agent
from devassist.app.wiring.project import Project
from devassist.cli.invocation import Format, Invocation, of, print_json
from devassist.cli.options import Output
from devassist.cli.run_argument import complete_branch, complete_conflict
from devassist.cli.view.editing import edit_files
from devassist.cli.view.progress import PlainProgress
from devassist.cli.view.resolution_view import show_resolution
from devassist.cli.view.three_way import answer_hunks
from devassist.domain.errors import UsageError, WaitingForPerson
from devassist.domain.resolutions import How
from devassist.domain.words import counted

_ANONYMOUS = "devassist"


def resolve(
    context: typer.Context,
    conflict: Annotated[
        str,
        typer.Argument(metavar="ID", help="Conflict id, or its beginning.", autocompletion=complete_conflict),
    ] = "",
    take: Annotated[
        str,
        typer.Option(
            "--take",
            metavar="SIDE",
            help="Take a branch's lines (or ours, theirs); with --edit only its deleted or binary files.",
        ),
    ] = "",
    edit: Annotated[bool, typer.Option("--edit", help="Open the conflicting files in $EDITOR.")] = False,
    agent: Annotated[
        bool, typer.Option("--agent", help="Let the neutral integrator resolve it, given both intents.")
    ] = False,
    model: Annotated[str | None, typer.Option(help="For --agent: any litellm model string.")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Put a resolved conflict back to open.")] = False,
    learn: Annotated[
        bool,
        typer.Option(
            "--learn", help="Learn from this history's merges how people resolved conflicts, to repeat it."
        ),
    ] = False,
    limit: Annotated[
        int, typer.Option("--limit", min=0, help="For --learn: the number of merges; 0 is all.")
    ] = 0,
    checks: Annotated[
        bool, typer.Option("--checks", help="Run the configured checks on the result in the sandbox.")
    ] = False,
    into: Annotated[
        str,
        typer.Option(
            "--into",
            metavar="BRANCH",
            help="Move this branch to the result; it must be checked out nowhere.",
            autocompletion=complete_branch,
        ),
    ] = "",
    accept_anyway: Annotated[
        bool, typer.Option("--accept-anyway", help="Keep it although a check fails; needs --reason.")
    ] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why; it goes into the log.")] = "",
    output: Output = Format.text,
) -> None:
    """Settle a conflict by a checked merge commit of both branches."""
    invocation = of(context)
    if sum((bool(take) or edit, agent, undo)) > 1:
        raise UsageError("--take and --edit, --agent and --undo exclude each other")
    if learn:
        _learn(invocation, limit, output)
        return
    if not conflict:
        raise UsageError("no conflict is named", hint="devassist conflicts lists them")
    if accept_anyway and not reason.strip():
        raise UsageError("--accept-anyway needs --reason: it goes into the log")
    project = invocation.project({"model.default": model})
    who = f"person {_person(invocation, project)}"
    if undo:
        show_resolution(
            invocation, undo_resolution(project, conflict, who=who, reason=reason or "undone"), output
        )
        return
    with opened(project, conflict) as open_conflict:
        answer = Answer(who=who, reason=reason, overrule=accept_anyway, checks=checks, into=into)
        if agent:
            resolution = _by_agent(invocation, open_conflict, answer)
        else:
            resolution = settle(
                open_conflict, _answer(invocation, open_conflict, answer, take=take, edit=edit)
            )
    show_resolution(invocation, resolution, output)


def _by_agent(invocation: Invocation, conflict: OpenConflict, answer: Answer) -> Resolution:
    progress = PlainProgress(invocation.say, everything=invocation.verbosity > 1)
    return resolve_by_agent(conflict, answer, sinks=[progress])


def _answer(
    invocation: Invocation, conflict: OpenConflict, draft: Answer, *, take: str, edit: bool
) -> Answer:
    side = conflict.side(take) if take else ""
    if edit:
        whole = conflict.whole(side)
        return replace(draft, how=How.EDIT, choice=side, edits={**whole, **edit_files(invocation, conflict)})
    if take:
        if conflict.semantic:
            raise UsageError(
                f"{conflict.ids[0]} is about symbols, not lines: there is no side to take",
                hint="--edit or --agent",
            )
        return replace(draft, how=How.TAKE, choice=side, edits=conflict.pair.taking(side))
    if invocation.interactive and sys.stdin.isatty() and not conflict.semantic:
        return replace(draft, how=How.INTERACTIVE, edits=answer_hunks(invocation, conflict))
    if conflict.semantic:
        raise WaitingForPerson(
            f"{conflict.ids[0]} is about symbols, not lines: it needs an edit",
            hint=f"devassist conflicts resolve {conflict.ids[0]} --edit, or --agent",
        )
    repeated = repeated_answer(conflict, draft)
    if repeated is None:
        raise WaitingForPerson(
            f"{conflict.ids[0]} needs an answer: people have not resolved it before, and this is not a terminal",
            hint=f"devassist conflicts resolve {conflict.ids[0]} --take SIDE, --edit or --agent",
        )
    return repeated


def _learn(invocation: Invocation, limit: int, output: Format) -> None:
    shown = 0

    def progress(done: int, total: int) -> None:
        nonlocal shown
        if shown + total / 10 <= done or done == total:
            shown = done
            invocation.say(f"{done} of {counted(total, 'merge')}")

    learned = learn_from_history(invocation.project(), limit=limit, progress=progress)
    if output is Format.json:
        print_json({"schema": "devassist.lessons/1", **asdict(learned)})
        return
    own = f"; {learned.own} made by devassist are left out" if learned.own else ""
    hunks = counted(learned.hunks, "hunk")
    invocation.answers.print(
        f"{counted(learned.merges, 'merge')}, {learned.conflicting} with conflicts, {hunks}{own}",
        markup=False,
    )
    invocation.answers.print(
        f"{counted(learned.repeats, 'hunk')} can be repeated as people settled them", markup=False
    )


def _person(invocation: Invocation, project: Project) -> str:
    """The name of the person: by the git identity, else by the account."""
    name = project.repository.signature(invocation.host.environment).name
    return name if name != _ANONYMOUS else getpass.getuser()
