"""Commands that set things up and say how they stand: init, doctor, demo, config."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from devassist.app.demo.sample import make_demo
from devassist.app.doctor.diagnosis import detect, diagnose, repair_all
from devassist.app.runs.running import start_run
from devassist.cli.commands.runs.run import answer, show_run
from devassist.cli.commands.runs.status import Output
from devassist.cli.invocation import Format, StreamFormat, of, print_json
from devassist.config.load import FILE, known_keys, value_of
from devassist.config.template import template
from devassist.domain.errors import UsageError

config = typer.Typer(help="Show the configuration.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    for command in (init, doctor, demo):
        app.command()(command)


def init(context: typer.Context, output: Output = Format.text) -> None:
    """Write .devassist.toml with what was detected here. Never overwrites."""
    invocation = of(context)
    project = invocation.project()
    path = project.repository.workdir / FILE
    found = detect(project)
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(template(found.values))
    except FileExistsError:
        raise UsageError(f"{path} is there already", hint="devassist config show --origin") from None
    if output is Format.json:
        print_json({"schema": "devassist.init/1", "path": str(path), "detected": dict(found.values)})
        return
    for line in found.notes:
        invocation.say(line)
    invocation.answers.print(str(path), markup=False)


def doctor(
    context: typer.Context,
    fix: Annotated[bool, typer.Option("--fix", help="Put right what a crash left behind.")] = False,
    output: Output = Format.text,
) -> None:
    """Check environment, sandbox, model and repository, and what crashes left; --fix puts that right."""
    invocation = of(context)
    repairs = repair_all(invocation.host) if fix else []
    checks = diagnose(invocation.host)
    failed = [one for one in checks if one["status"] == "fail"]
    broken = [one for one in repairs if one["error"]]
    if output is Format.json:
        ok = not failed and not broken
        print_json({"schema": "devassist.doctor/1", "ok": ok, "checks": checks, "repairs": repairs})
    else:
        for one in repairs:
            mark = "✔ repaired" if one["done"] else "✘ not repaired" if one["error"] else "! left alone"
            ending = one["error"] or one["after"] or one["hint"]
            text = f"{mark}: {one['what']} {one['path']}: {one['before']}; {ending}"
            invocation.answers.print(text, markup=False, highlight=False)
        marks = {"ok": "✔", "warn": "!", "fail": "✘"}
        for one in checks:
            invocation.answers.print(f"{marks[one['status']]} {one['check']}: {one['detail']}", markup=False)
            if one["hint"]:
                invocation.answers.print(f"    hint: {one['hint']}", markup=False)
    raise typer.Exit(1 if failed or broken else 0)


def demo(
    context: typer.Context,
    directory: Annotated[Path | None, typer.Argument(help="Where to make the sample repository.")] = None,
    output: Annotated[
        StreamFormat, typer.Option("--format", help="text, json or ndjson.")
    ] = StreamFormat.text,
) -> None:
    """Run the whole thing on a sample repository: no key, no network. Only the model's words are scripted."""
    invocation = of(context)
    where = None if directory is None else (invocation.host.directory / directory).resolve()
    made = make_demo(invocation.host, where)
    invocation.say(
        f"The sample repository is {made.project.repository.root}. The model is scripted: its words are written "
        "beforehand.\nEverything else is real: processes, worktrees, sandbox, tests, merges, audit log.\n"
    )
    state = show_run(
        invocation, made.project, lambda sinks: start_run(made.project, made.options, sinks=sinks), output
    )
    answer(invocation, state, output)
    if output is StreamFormat.text:
        invocation.answers.print("\nLook at it:", markup=False)
        root = made.project.repository.root
        task = f"/{state.work()[0].id}" if state.work() else ""
        landed = [f"diff {state.run}", f"merge {state.run}"] if state.result_commit else []
        for command in (*landed, f"show {state.run}{task}", f"logs {state.run}", "audit verify"):
            invocation.answers.print(f"  devassist -C {root} {command}", markup=False)
    raise typer.Exit(state.exit_code)


@config.command("show")
def show(
    context: typer.Context,
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value came from.")] = False,
    output: Output = Format.text,
) -> None:
    """Show every setting as it is in force here."""
    invocation = of(context)
    loaded = invocation.project().loaded
    rows: list[dict[str, Any]] = [
        {"key": key, "value": value_of(loaded.settings, key), "origin": loaded.origins.get(key, "default")}
        for key in known_keys()
    ]
    if output is Format.json:
        print_json({"schema": "devassist.config/1", "settings": rows})
        return
    for row in rows:
        where = f"  # {row['origin']}" if origin else ""
        invocation.answers.print(f"{row['key']} = {row['value']!r}{where}", markup=False)
