"""`devassist conflicts`: every branch against every other, before anybody merges."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from devassist.app.conflicts import compare as comparing
from devassist.app.conflicts import ledger as life
from devassist.app.conflicts.check_file import check_path
from devassist.cli.commands.conflicts.resolve import resolve
from devassist.cli.commands.runs.status import Output
from devassist.cli.invocation import Format, of, one_line, plain, print_json
from devassist.cli.view.conflict_view import ReportFormat, follow, show_compared, stale_line
from devassist.cli.view.github import conflicts_found
from devassist.domain.conflicts import Level, Severity, worst
from devassist.domain.errors import UsageError


class _FindByDefault(TyperGroup):
    """`conflicts` is a command itself: what is not one of its subcommands is a branch (after `--`, always)."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        helps = {"-h", "--help"}
        if not args or (args[0] not in self.commands and not helps & set(args[:1])):
            args = ["find", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_FindByDefault,
    help="Find conflicts between branches before anybody merges: text, symbols, manifests, types, behaviour.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("resolve")(resolve)


class FailOn(StrEnum):
    error = "error"
    warning = "warning"
    note = "note"
    never = "never"


Branches = Annotated[
    list[str] | None, typer.Argument(help="Branches; by default all live devassist branches.")
]
Every = Annotated[bool, typer.Option("--all", help="Every local branch that is ahead of the base.")]
Base = Annotated[str, typer.Option("--base", help="The revision they are to land on; HEAD by default.")]
Committed = Annotated[
    bool, typer.Option("--committed", help="Leave out what is not committed in the worktrees.")
]
Id = Annotated[str, typer.Argument(metavar="ID", help="Conflict id, or its beginning.")]
Levels = Annotated[str, typer.Option("--levels", help="Of tree,text,symbol,manifest.")]


@app.command("find")
def find(  # one parameter per option: the types are the interface
    context: typer.Context,
    branches: Branches = None,
    every: Every = False,
    base: Base = "",
    levels: Levels = "tree,text,symbol,manifest",
    types: Annotated[bool, typer.Option("--types", help="Ask a type checker about merged trees.")] = False,
    checks: Annotated[bool, typer.Option("--checks", help="Run [checks] commands on merged trees.")] = False,
    committed: Committed = False,
    watch: Annotated[bool, typer.Option("--watch", help="Look again when a branch moves.")] = False,
    fail_on: Annotated[
        FailOn | None, typer.Option("--fail-on", help="Exit with 1 from this severity on.")
    ] = None,
    output: Annotated[
        ReportFormat, typer.Option("--format", help="text, json, ndjson, sarif or markdown.")
    ] = ReportFormat.text,
) -> None:
    """Hold every branch against every other. This is what `devassist conflicts [BRANCH...]` runs."""
    invocation = of(context)
    project = invocation.project()
    wanted = comparing.Comparison(
        branches=tuple(branches or ()),
        every=every,
        base=base,
        levels=_levels(levels),
        deeper=_deeper(types=types, checks=checks),
        committed=committed,
    )
    compared = life.compare_and_remember(project, wanted)
    show_compared(invocation, compared, output)
    if not compared.sides and not branches and not every:
        invocation.say("no crew's branch is live here; --all takes every local branch ahead of the base")
    conflicts_found(invocation, project, compared)
    if watch:
        follow(invocation, project, wanted, compared, output)
    threshold = fail_on or FailOn(project.settings.conflicts.fail_on)
    found = worst(compared.conflicts)
    fails = threshold is not FailOn.never and found is not None and found.at_least(Severity(threshold))
    raise typer.Exit(1 if fails else 0)


def _levels(text: str) -> tuple[str, ...]:
    chosen = tuple(one.strip() for one in text.split(",") if one.strip())
    if not chosen:
        raise UsageError("no level is named", hint=f"Known: {', '.join(comparing.LEVELS)}")
    for one in chosen:
        if one not in comparing.LEVELS:
            raise UsageError(f"there is no level {one!r}", hint=f"Known: {', '.join(comparing.LEVELS)}")
    return chosen


def _deeper(*, types: bool, checks: bool) -> tuple[Level, ...]:
    asked = {Level.TYPE: types, Level.BEHAVIOUR: checks}
    return tuple(level for level, wanted in asked.items() if wanted)


@app.command()
def order(
    context: typer.Context,
    branches: Branches = None,
    every: Every = False,
    base: Base = "",
    committed: Committed = False,
    output: Output = Format.text,
) -> None:
    """Print the order of merging that lands most without conflict."""
    invocation = of(context)
    wanted = comparing.Comparison(branches=tuple(branches or ()), every=every, base=base, committed=committed)
    compared = life.compare_and_remember(invocation.project(), wanted)
    if output is Format.json:
        stale = [dict(one) for one in compared.stale]
        order_ = {"schema": "devassist.order/1", "base": compared.base, "order": list(compared.order)}
        print_json({**order_, "waves": [list(one) for one in compared.waves], "stale": stale})
        return
    for name in compared.order:
        invocation.answers.print(name, markup=False)
    first = ", ".join(compared.waves[0]) if compared.waves else ""
    rest = [name for wave in compared.waves[1:] for name in wave]
    if rest:
        invocation.say(f"without a conflict: {first or 'none'}; each with one to resolve: {', '.join(rest)}")
    for one in compared.stale:
        invocation.say(stale_line(one), style="yellow")


@app.command()
def check(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="A file, as it is on disk now.")],
    content: Annotated[
        typer.FileBinaryRead | None,
        typer.Option(
            "--content", help="What the file is about to hold, from a file or - for standard input."
        ),
    ] = None,
    committed: Committed = False,
    output: Output = Format.text,
) -> None:
    """Hold one file, as it is or is about to be, against all live branches: a hook for any agent or editor."""
    invocation = of(context)
    text = None if content is None else content.read()
    where = invocation.host.directory / path
    compared = check_path(invocation.project(), where, content=text, committed=committed)
    if output is Format.json:
        print_json(
            {"schema": "devassist.conflicts/1", "conflicts": [one.as_json() for one in compared.conflicts]}
        )
    else:
        for one in compared.conflicts:
            invocation.answers.print(f"{one.severity}: {plain(one.explanation)}", markup=False)
    found = worst(compared.conflicts)
    raise typer.Exit(1 if found is Severity.ERROR else 0)


_SHOWN = (
    "conflict",
    "severity",
    "level",
    "kind",
    "status",
    "first_seen",
    "last_seen",
    "explanation",
    "suggestion",
)


@app.command()
def show(context: typer.Context, conflict: Id, output: Output = Format.text) -> None:
    """Show one conflict: both sides, where, since when, and what to do."""
    invocation = of(context)
    project = invocation.project()
    one = life.find_conflict(project, conflict)
    sides = life.both_sides(project, one)
    if output is Format.json:
        print_json({"schema": "devassist.conflict/1", **one, "sides": sides})
        return
    shown = {**one, "status": f"gone ({one['status']} before)"} if one["gone"] else one
    for name in _SHOWN:
        invocation.answers.print(f"{name}: {plain(str(shown.get(name, '')))}", markup=False)
    if one["gone"]:
        invocation.answers.print(f"gone because: {plain(one.get('gone_because', ''))}", markup=False)
    for line in _ending(one):
        invocation.answers.print(plain(line), markup=False)
    for side in sides:
        invocation.answers.print(f"\n--- {side['branch']}: {plain(side['intent'])}", markup=False)
        invocation.answers.print(plain(side["diff"]), markup=False)


def _ending(one: Mapping[str, Any]) -> list[str]:
    """By whom, why and how a conflict was waived or resolved, and what that dropped."""
    ended = one.get("ended")
    if ended is None or one["status"] == "open":
        return []
    lines = [f"{one['status']} by: {ended['who']}", f"reason: {ended['reason']}"]
    if "commit" in ended:
        lines += [f"how: {ended['how']} {ended.get('choice', '')}".rstrip(), f"commit: {ended['commit']}"]
    dropped = ended.get("dropped", ())
    return lines + [f"dropped: {at['path']}:{at['line']} of {at['branch']}: {at['text']}" for at in dropped]


@app.command()
def waive(
    context: typer.Context,
    conflict: Id,
    reason: Annotated[str, typer.Option("--reason", help="Why it may stay.")],
    output: Output = Format.text,
) -> None:
    """Accept a conflict, with a reason that goes into the log. It no longer fails a command."""
    invocation = of(context)
    if not reason.strip():
        raise UsageError("a waiver needs a reason: it goes into the log", hint="--reason TEXT")
    one: dict[str, Any] = life.waive(invocation.project(), conflict, reason=reason, who=getpass.getuser())
    if output is Format.json:
        print_json({"schema": "devassist.conflict/1", **one})
    else:
        invocation.answers.print(f"waived {one['conflict']}: {one_line(one['explanation'])}", markup=False)
