"""`devassist doctor`: check the environment and repair what crashes left."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from textwrap import indent
from typing import Annotated

import typer

from devassist.app.doctor.check import Check, Health
from devassist.app.doctor.diagnosis import diagnose, repair_all
from devassist.app.doctor.repair import Repair
from devassist.app.documents import Json
from devassist.cli.commands.setup.check_trials import RunChecks, tried
from devassist.cli.invocation import Format, Invocation, of, print_json
from devassist.cli.options import Output
from devassist.cli.own_command import pasteable

_MARKS = {Health.OK: "✔", Health.WARN: "!", Health.FAIL: "✘"}


def doctor(
    context: typer.Context,
    fix: Annotated[bool, typer.Option("--fix", help="Repair what a crash left behind.")] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="List what the sandbox lacks.")] = False,
    run: RunChecks = None,
    output: Output = Format.text,
) -> None:
    """Check environment, sandbox, model and repository; repair them."""
    invocation = of(context)
    repairs = repair_all(invocation.host) if fix else []
    checks = diagnose(invocation.host)
    checks += _tried(invocation, checks, run=False if fix else run)
    failed = [check for check in checks if check.health is Health.FAIL]
    ok = not failed and not any(repair.error for repair in repairs)
    if output is Format.json:
        print_json(doctor_document(checks, repairs, ok=ok))
    else:
        _print_repairs(invocation, repairs)
        _print_checks(invocation, checks, verbose=verbose or bool(invocation.verbosity))
    raise typer.Exit(0 if ok else 1)


def _tried(invocation: Invocation, checks: Sequence[Check], *, run: bool | None) -> list[Check]:
    """The configured checks on the present commit, where commands can run at all. A red base is no failure."""
    runnable = {check.name: check.health is not Health.FAIL for check in checks}
    if not runnable.get("repository") or not runnable.get("sandbox"):
        return []
    project = invocation.project()
    trials = tried(invocation, project, project.settings.checks.commands, run)
    return [
        Check(
            "check",
            Health.OK if trial.ledger.passes and not trial.ledger.foreign else Health.WARN,
            trial.text,
            trial.hint,
        )
        for trial in trials
    ]


def doctor_document(checks: Sequence[Check], repairs: Sequence[Repair], *, ok: bool) -> Json:
    return {
        "schema": "devassist.doctor/1",
        "ok": ok,
        "checks": [_check_document(check) for check in checks],
        "repairs": [_repair_document(repair) for repair in repairs],
    }


def _check_document(check: Check) -> Json:
    more = {"more": list(check.more)} if check.more else {}
    return {"check": check.name, "status": check.health, "detail": check.detail, "hint": check.hint, **more}


def _repair_document(repair: Repair) -> Json:
    damage = repair.damage
    return {
        "what": damage.what,
        "path": damage.path,
        "before": damage.before,
        "after": damage.after,
        "run": damage.run,
        "hint": damage.hint,
        "done": repair.done,
        "error": repair.error,
    }


def _print_repairs(invocation: Invocation, repairs: Sequence[Repair]) -> None:
    for repair in repairs:
        damage = repair.damage
        mark = "✔ repaired" if repair.done else "✘ not repaired" if repair.error else "! left alone"
        ending = repair.error or damage.after or damage.hint
        text = f"{mark}: {damage.what} {damage.path}: {damage.before}; {ending}"
        invocation.answers.print(text, markup=False, highlight=False)


def _print_checks(invocation: Invocation, checks: Sequence[Check], *, verbose: bool) -> None:
    for check in checks:
        invocation.answers.print(f"{_MARKS[check.health]} {check.name}: {check.detail}", markup=False)
        for fact in check.more if verbose else ():
            invocation.answers.print(f"    - {fact}", markup=False)
        if check.hint and not (check.more and verbose):
            hint = pasteable(check.hint, sys.argv, invocation.host.environment)
            invocation.answers.print(indent(f"hint: {hint}", "    "), markup=False)
