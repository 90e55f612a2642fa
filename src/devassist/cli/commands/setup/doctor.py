"""`devassist doctor`: check the environment and repair what crashes left."""

from __future__ import annotations

from typing import Annotated

import typer

from devassist.app.doctor.diagnosis import diagnose, repair_all
from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output


def doctor(
    context: typer.Context,
    fix: Annotated[bool, typer.Option("--fix", help="Put right what a crash left behind.")] = False,
    output: Output = Format.text,
) -> None:
    """Check environment, sandbox, model and repository; repair them."""
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
