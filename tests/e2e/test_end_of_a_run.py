"""The lines that a run ends with: what failed and why, once, and commands that can be pasted."""

from __future__ import annotations

from collections.abc import Callable

from support.command_line import Machine
from support.crewscript import CrewScript, edit, plan, submit, task, write

CHECK = 'for n in $(seq 100); do echo "line $n of what it printed"; done; exit 3'


def _machine(make_machine: Callable[..., Machine]) -> Machine:
    script = CrewScript()
    script.on("CASE-bad.", "coder", write("new.txt", "new\n"), submit(proves=[0]))
    script.on("CASE-good.", "coder", edit("text.txt", "old", "new"), submit(proves=[0]))
    return make_machine(script=script, files={"text.txt": "old\n"})


def test_a_failed_task_shows_the_last_whole_lines_of_its_check_once_and_where_the_rest_is(
    make_machine: Callable[..., Machine],
) -> None:
    machine = _machine(make_machine)
    bad = task("bad", "CASE-bad.", review=False, checks=[CHECK])
    done = machine.run(plan(bad), format_="text")
    assert done.code == 1, done
    shown = done.out + done.err
    assert shown.count("line 100 of what it printed") == 1, done
    kept = [
        line.strip() for line in done.out.splitlines() if "of what it printed" in line and "seq" not in line
    ]
    assert kept[-1] == "line 100 of what it printed"
    assert all(line.startswith("line ") for line in kept), "no line is cut"
    [place] = [line.split("devassist ", 1)[1] for line in done.out.splitlines() if "--log" in line]
    log = machine.devassist(*place.split())
    assert (log.code, "line 1 of what it printed" in log.out) == (0, True), log
    both = machine.devassist(*place.split(), "--format", "json").json
    assert {(one["command"], one["exit_code"], one["output"].count("\n")) for one in both["log"]} == {
        (CHECK, 3, 100)
    }


def test_the_commands_at_the_end_work_from_where_the_person_stands(
    make_machine: Callable[..., Machine],
) -> None:
    machine = _machine(make_machine)
    file = machine.root / "plan.json"
    machine.run(plan(task("good", "CASE-good.", review=False)), "--plan-only")
    done = machine.devassist(
        "-C", "repo", "run", "--plan", str(file), "--model", "openai/test-model", cwd=machine.root
    )
    assert done.code == 0, done
    [look] = [line for line in done.err.splitlines() if line.startswith("look:")]
    assert look.startswith("look:   devassist -C repo diff "), look
    words = look.split("devassist ", 1)[1].split()
    assert "+new" in machine.devassist(*words, cwd=machine.root).out
    unnamed = machine.devassist("-C", "repo", "approve", "nope", cwd=machine.root)
    assert "hint: devassist -C repo inbox lists them" in unnamed.err, unnamed
