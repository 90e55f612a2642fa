"""Where a secret must never turn up: a prompt, the log, a commit message, the screen."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from support.command_line import KEY, Machine
from support.crewscript import CrewScript, plan, sh, submit, task, write

pytestmark = pytest.mark.cold

PLANTED = "hunter2-canary-4711-abcdef"


def test_a_secret_that_a_command_prints_reaches_no_prompt_no_log_and_no_screen(
    make_machine: Callable[..., Machine], script: CrewScript
) -> None:
    machine = make_machine(
        script=script, files={"README.md": "hello\n", ".env": f'API_TOKEN="{PLANTED}"\nPORT=8080\n'}
    )
    script.on(
        "ALPHA",
        "documenter",
        sh("cat .env; cat .env | base64; echo shown; env"),
        write("NOTES.md", "a note\n"),
        submit(f"noted with {PLANTED}", proves=[1]),
    )
    noted = {**task("note", "ALPHA", role="documenter", review=False), "title": f"Note {PLANTED}"}
    done = machine.run(plan(noted, goal=f"use {PLANTED}"))
    assert done.code == 0, done
    told = json.dumps(machine.server.requests)
    assert "shown" in told, "the output of the command did reach the model"
    assert "PORT=8080" in told
    for secret in (PLANTED, KEY):
        assert secret not in told
        assert secret not in done.out + done.err
        for file in machine.database.parent.rglob("*"):
            if file.is_file():
                assert secret.encode() not in file.read_bytes(), file
    run = done.json["run"]
    assert PLANTED not in machine.git("log", "--all", "--format=%B")
    assert "[REDACTED:known]" in machine.git("log", "-1", "--format=%B", f"devassist/{run}/result")
    shown = machine.devassist("audit", "search", "canary-4711")
    assert PLANTED not in shown.out
