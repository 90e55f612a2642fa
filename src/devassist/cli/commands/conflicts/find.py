"""`devassist conflicts [BRANCH...]`: compare every branch with every other."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Annotated

import typer

from devassist.app.conflicts import compare as comparing
from devassist.app.conflicts import ledger as life
from devassist.cli.command_table import CONFLICTS
from devassist.cli.commands.conflicts.options import Base, Branches, Committed, Every, Levels, chosen_levels
from devassist.cli.invocation import of
from devassist.cli.view.conflict_view import ReportFormat, follow, show_compared
from devassist.cli.view.github import conflicts_found
from devassist.domain.conflicts import Level, Severity, worst
from devassist.domain.errors import NotFound
from devassist.domain.settings import FailOn


def find(  # one parameter per option: the types are the interface
    context: typer.Context,
    branches: Branches = None,
    every: Every = False,
    base: Base = "",
    levels: Levels = "tree,text,symbol,manifest",
    types: Annotated[bool, typer.Option("--types", help="Run a type checker on merged trees.")] = False,
    checks: Annotated[bool, typer.Option("--checks", help="Run [checks] commands on merged trees.")] = False,
    committed: Committed = False,
    watch: Annotated[bool, typer.Option("--watch", help="Compare again when a branch moves.")] = False,
    fail_on: Annotated[
        FailOn | None, typer.Option("--fail-on", help="Exit with 1 from this severity on.")
    ] = None,
    output: Annotated[
        ReportFormat, typer.Option("--format", help="text, json, ndjson, sarif or markdown.")
    ] = ReportFormat.text,
) -> None:
    """
    Compare every branch with every other; the default command.

    This is what `devassist conflicts [BRANCH...]` runs.
    """
    invocation = of(context)
    project = invocation.project()
    wanted = comparing.Comparison(
        branches=tuple(branches or ()),
        every=every,
        base=base,
        levels=chosen_levels(levels),
        deeper=_deeper(types=types, checks=checks),
        committed=committed,
    )
    try:
        compared = life.compare_and_remember(project, wanted)
    except NotFound as error:
        raise _misspelt(wanted.branches, error) from None
    show_compared(invocation, compared, output)
    if not compared.sides and not branches and not every:
        invocation.say("no crew's branch is live here; --all takes every local branch ahead of the base")
    conflicts_found(invocation, project, compared)
    if watch:
        follow(invocation, project, wanted, compared, output)
    threshold = fail_on or project.settings.conflicts.fail_on
    severity = worst(compared.conflicts)
    fails = threshold is not FailOn.NEVER and severity is not None and severity.at_least(Severity(threshold))
    raise typer.Exit(1 if fails else 0)


def _misspelt(names: Sequence[str], error: NotFound) -> NotFound:
    """The error, or that a command of `conflicts` was probably meant by the first name."""
    near = get_close_matches(names[0], CONFLICTS, n=1, cutoff=0.7) if names else []
    if not near:
        return error
    rest = shlex.join([near[0], *names[1:]])
    return NotFound(
        f"{names[0]!r} is neither a branch nor a command of conflicts", hint=f"devassist conflicts {rest}"
    )


def _deeper(*, types: bool, checks: bool) -> tuple[Level, ...]:
    chosen = {Level.TYPE: types, Level.BEHAVIOUR: checks}
    return tuple(level for level, is_chosen in chosen.items() if is_chosen)
