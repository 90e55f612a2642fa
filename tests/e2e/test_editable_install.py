"""An editable install of the main checkout must not make a worktree's checks import the main checkout's code."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

from support.command_line import Machine
from support.crewscript import CrewScript, edit, plan, submit, task, tool

CHECK = "python -c 'import pkg; assert pkg.ANSWER == 42, pkg.__file__'"


def test_checks_import_the_worktrees_code_where_a_shared_environment_points_to_the_main_checkout(
    make_machine: Callable[..., Machine], script: CrewScript
) -> None:
    machine = make_machine(
        script=script, files={"src/pkg/__init__.py": "ANSWER = 1\n", ".gitignore": ".venv/\n"}
    )
    environment = machine.repo / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "__editable__.pkg-1.pth").write_text(f"{machine.repo / 'src'}\n")
    script.on(
        "ALPHA",
        "coder",
        edit("src/pkg/__init__.py", "ANSWER = 1", "ANSWER = 42"),
        tool("run_checks"),
        submit(proves=[1]),
    )
    done = machine.run(plan(task("answer", "ALPHA", checks=[CHECK], review=False)))
    assert done.code == 0, done
    assert done.task("answer")["status"] == "merged"
    assert (machine.repo / "src/pkg/__init__.py").read_text() == "ANSWER = 1\n"
    ran = machine.events(done.json["run"], "command.ran")
    assert "leak-probe" in {one["data"]["purpose"] for one in ran}, (
        "what would be imported was looked at before the gate"
    )
    probes = [one["data"] for one in ran if one["data"]["purpose"] == "leak-probe"]
    assert all("LEAK" not in one["output"] for one in probes)
