"""Success is shown: a red base, tests that a change switches off, and work that nobody has verified."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Callable

import pytest

from support.command_line import Machine
from support.crewscript import CrewScript, Step, edit, plan, submit, task, tool, write
from support.repos import tree_files

SHOP = {
    "shop.py": "def price(cents):\n    return cents\n",
    "tests/test_shop.py": "import shop\n\n\ndef test_price():\n    assert shop.price(3) == 3\n",
    "tests/test_red.py": "def test_red():\n    assert False\n",
    ".devassist.toml": "[checks]\ncommands = ['python -m pytest -q -p no:cacheprovider tests']\n",
}
RED, PRICE = "tests/test_red.py::test_red", "tests/test_shop.py::test_price"
ASKS = {"DEVASSIST_APPROVALS_UNVERIFIED": None}


def _machine(
    make_machine: Callable[..., Machine], *steps: Step, files: dict[str, str] | None = None
) -> Machine:
    script = CrewScript().on("ALPHA", "coder", *steps, submit())
    return make_machine(script=script, files=files or SHOP)


def test_a_red_base_is_said_and_told_and_a_change_beside_it_lands(
    make_machine: Callable[..., Machine],
) -> None:
    machine = _machine(make_machine, edit("shop.py", "return cents", "return cents + 0"))
    done = machine.run(plan(task("one", "ALPHA", review=False)), **ASKS)
    assert done.code == 0, done
    assert any("the base is red" in text and RED in text for text in done.json["warnings"])
    found = done.task("one")
    assert found["verification"] == "tests"
    assert found["tests"]["known_failures"] == [RED]
    assert (found["tests"]["passed"], found["tests"]["new_failures"]) == (1, [])
    (check,) = found["checks"]
    assert (check["exit_code"], check["base_exit_code"], check["own"]) == (1, 1, False)
    assert any(RED in str(request) for request in machine.server.requests), (
        "the coder is told what fails already"
    )
    shown = machine.devassist("show", f"{done.json['run']}/one")
    assert "verified by tests" in shown.out and RED in shown.out


def test_a_second_red_test_beside_the_known_one_does_not_land(make_machine: Callable[..., Machine]) -> None:
    machine = _machine(make_machine, edit("shop.py", "return cents", "return -cents"))
    done = machine.run(plan(task("one", "ALPHA", review=False)))
    assert done.code == 1, done
    found = done.task("one")
    assert (found["status"], found["tests"]["new_failures"]) == ("failed", [PRICE])
    assert PRICE in found["error"]


@pytest.mark.parametrize("answer", ["approve", "reject"])
def test_tests_that_a_change_switches_off_are_a_persons_decision(
    make_machine: Callable[..., Machine], answer: str
) -> None:
    skip = "import pytest\n\npytestmark = pytest.mark.skip\n"
    machine = _machine(
        make_machine,
        edit("shop.py", "return cents", "return -cents"),
        edit("tests/test_shop.py", "import shop\n", f"{skip}import shop\n"),
    )
    done = machine.run(plan(task("one", "ALPHA", review=False)))
    assert done.code == 3, done
    (waiting,) = done.json["waiting"]
    assert waiting["kind"] == "tests"
    assert PRICE in waiting["question"]
    words = ["--reason", "no"] if answer == "reject" else []
    assert machine.devassist(answer, waiting["id"], *words).code == 0
    resumed = machine.devassist("resume", done.json["run"], "--format", "json")
    status = {one["id"]: one["status"] for one in resumed.json["tasks"]}["one"]
    assert (resumed.code, status) == ((0, "merged") if answer == "approve" else (1, "delivered"))


def test_a_plan_names_the_tests_that_a_task_may_change(make_machine: Callable[..., Machine]) -> None:
    machine = _machine(
        make_machine,
        edit("shop.py", "return cents", "return cents * 2"),
        edit("tests/test_shop.py", "== 3", "== 6"),
    )
    done = machine.run(
        plan({**task("one", "ALPHA", review=False), "changes_tests": ["tests/test_shop.py"]}), **ASKS
    )
    assert done.code == 0, done
    assert done.task("one")["status"] == "merged"


@pytest.mark.parametrize(
    ("mode", "code", "status"), [(None, 3, "waiting"), ("auto", 0, "merged"), ("never", 1, "delivered")]
)
def test_what_nothing_has_verified_waits_unless_the_policy_says_otherwise(
    make_machine: Callable[..., Machine], mode: str | None, code: int, status: str
) -> None:
    machine = _machine(make_machine, write("notes.txt", "x\n"), files={"a.txt": "a\n"})
    done = machine.run(plan(task("one", "ALPHA", review=False)), DEVASSIST_APPROVALS_UNVERIFIED=mode)
    assert done.code == code, done
    assert (done.task("one")["status"], done.task("one")["verification"]) == (status, "none")
    assert [one["kind"] for one in done.json["waiting"]] == (["unverified"] if code == 3 else [])


def test_init_and_doctor_say_what_is_red_how_many_tests_there_are_and_how_long_they_take(
    make_machine: Callable[..., Machine],
) -> None:
    files = {path: text for path, text in SHOP.items() if path != ".devassist.toml"}
    machine = make_machine(files={**files, "pyproject.toml": "[project]\nname = 'shop'\nversion = '1'\n"})
    (tried,) = machine.devassist("init", "--format", "json").json["tried"]
    assert (tried["passes"], tried["tests"], tried["failed"]) == (False, 2, [RED])
    assert tried["seconds"] > 0
    doctor = machine.devassist("doctor", "--format", "json").json["checks"]
    (check,) = [one for one in doctor if one["check"] == "check"]
    assert check["status"] == "warn"
    assert RED in check["detail"] and "1 of 2 tests failed" in check["detail"]
    silent = machine.devassist("doctor", "--no-run", "--format", "json").json["checks"]
    assert [one for one in silent if one["check"] == "check"] == []
    assert machine.devassist("status", "--format", "json").json["runs"] == []
    (machine.repo / ".devassist.toml").unlink()
    assert machine.devassist("init", "--no-run", "--format", "json").json["tried"] == []


@pytest.mark.parametrize(("answer", "runs"), [("n", False), ("y", True)])
def test_in_a_terminal_init_asks_before_it_runs_the_checks(
    make_machine: Callable[..., Machine], answer: str, *, runs: bool
) -> None:
    machine = make_machine(
        files={"test_a.py": "def test_a():\n    assert True\n", "pytest.ini": "[pytest]\n"}
    )
    ours, theirs = pty.openpty()
    environment = {name: value for name, value in machine.environment.items() if name != "CI"}
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "devassist", "init"], cwd=machine.repo, env={**environment, "TERM": "xterm"},
        stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    shown, told = "", False
    try:
        while chunk := os.read(ours, 4096):
            shown += chunk.decode()
            if "[Y/n]" in shown and not told:
                os.write(ours, f"{answer}\n".encode())
                told = True
    except OSError:  # how the end of a terminal reads on Linux
        pass
    os.close(ours)
    assert process.wait(timeout=60) == 0, shown
    assert told, shown
    assert ("passes; 1 test" in shown) is runs, shown


def test_the_result_holds_nothing_of_what_did_not_land(make_machine: Callable[..., Machine]) -> None:
    machine = _machine(
        make_machine,
        tool("delete_file", path="tests/test_shop.py"),
        edit("shop.py", "return cents", "return 0"),
    )
    done = machine.run(plan(task("one", "ALPHA", review=False)), "--approve", "never")
    assert done.code == 1, done
    assert done.task("one")["tests"]["vanished"] == [PRICE]
    assert done.json["result_commit"] in (None, done.json["base"]) or "tests/test_shop.py" in tree_files(
        machine.repo, done.json["result_commit"]
    )
