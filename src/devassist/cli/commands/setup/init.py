"""`devassist init`: write a commented configuration."""

from __future__ import annotations

import typer

from devassist.app.doctor.diagnosis import detect
from devassist.cli.commands.setup.check_trials import RunChecks, trial_document, tried
from devassist.cli.invocation import Format, of, print_json
from devassist.cli.options import Output
from devassist.config.load import FILE
from devassist.config.template import template
from devassist.domain.errors import UsageError


def init(
    context: typer.Context,
    run: RunChecks = None,
    output: Output = Format.text,
) -> None:
    """Write a commented .devassist.toml and try its checks; never overwrites one."""
    invocation = of(context)
    project = invocation.project()
    path = project.repository.workdir / FILE
    detected = detect(project)
    values = {"checks.commands": list(detected.check_commands)} if detected.check_commands else {}
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(template(values))
    except FileExistsError:
        raise UsageError(f"{path} exists already", hint="devassist config show --origin") from None
    if output is Format.text:
        for line in detected.notes:
            invocation.say(line)
        invocation.answers.print(str(path), markup=False)
    trials = tried(invocation, project, detected.check_commands, run)
    if output is Format.text:
        for trial in trials:
            invocation.say(trial.text)
            if trial.ledger.foreign:
                invocation.say(f"hint: {trial.hint}")
    if output is Format.json:
        tried_checks = [trial_document(trial) for trial in trials]
        print_json(
            {"schema": "devassist.init/1", "path": str(path), "detected": values, "tried": tried_checks}
        )
