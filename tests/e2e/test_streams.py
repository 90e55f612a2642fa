"""No encoding, closed stream, odd terminal, lost reader or home directory is an internal error."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Callable

import pytest

from support.command_line import Machine
from support.crewscript import CrewScript, plan, submit, task, write
from support.terminal import devassist

ENCODINGS: list[dict[str, str]] = [
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "latin-1"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
]
COMMANDS = ("status", "show", "logs", "diff", "report", "doctor", "status --format json", "show nope")


@pytest.fixture(scope="module")
def machine(make_shared_machine: Callable[..., Machine]) -> Machine:
    script = CrewScript()
    script.on("CASE-one.", "coder", write("naïve.txt", "Grüße 😀\n"), submit("✔ größer 😀", proves=[0]))
    machine = make_shared_machine(script=script, files={"text.txt": "old\n"})
    one = task("one", "CASE-one.", review=False, title="Größe … 😀")
    assert machine.run(plan(one)).code in (0, 1)
    return machine


def shell(machine: Machine, line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A line of bash in which `D` is devassist."""
    program = f'D() {{ {shlex.join(devassist())} "$@"; }}; {line}'
    return subprocess.run(
        ["bash", "-c", program],
        cwd=machine.repo,
        env={**machine.environment, **environment},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("encoding", ENCODINGS, ids=lambda one: next(iter(one.values())))
@pytest.mark.parametrize("command", COMMANDS)
def test_a_narrow_encoding_prints_plain_characters(
    machine: Machine, command: str, encoding: dict[str, str]
) -> None:
    done = shell(machine, f"D {command}", **encoding)
    assert done.returncode in (0, 1, 2), done
    assert "internal error" not in done.stderr, done


def test_json_is_whole_in_a_narrow_encoding(machine: Machine) -> None:
    done = machine.devassist("show", "--format", "json", PYTHONIOENCODING="ascii")
    assert json.loads(done.out)["tasks"][0]["title"] == "Größe … 😀"


@pytest.mark.parametrize("redirection", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("command", ["status", "show", "diff", "audit list"])
def test_a_closed_stream_is_as_if_it_went_nowhere(machine: Machine, command: str, redirection: str) -> None:
    done = shell(machine, f"D {command} {redirection}")
    assert done.returncode == 0, done
    assert "internal error" not in done.stderr, done


@pytest.mark.parametrize(
    "command", ["--help", "logs", "diff", "report", "audit list --format json", "status"]
)
def test_a_reader_that_leaves_ends_the_command_without_a_word(machine: Machine, command: str) -> None:
    done = shell(machine, f"D {command} | true; echo ${{PIPESTATUS[0]}}")
    assert (done.stdout, done.stderr) == ("0\n", ""), done


def test_an_error_that_nobody_reads_keeps_its_exit_code(machine: Machine) -> None:
    done = shell(machine, "D show nope 2>&1 | true; echo ${PIPESTATUS[0]}")
    assert done.stdout == "2\n", done


@pytest.mark.parametrize("command", ["status", "show"])
@pytest.mark.parametrize(
    "terminal", [{"COLUMNS": "0"}, {"TERM": "dumb"}, {"TERM": ""}, {"COLUMNS": "1", "LINES": "1"}]
)
def test_an_odd_terminal_is_no_error(machine: Machine, command: str, terminal: dict[str, str]) -> None:
    done = shell(machine, f"D {command}", **terminal)
    assert done.returncode == 0, done


@pytest.mark.parametrize(
    "home",
    [
        "env -u HOME -u DEVASSIST_STATE_DIR",
        "env -u DEVASSIST_STATE_DIR HOME=/sys",
        "env -u DEVASSIST_STATE_DIR HOME=/dev/null/none",
    ],
)
def test_a_home_that_is_unset_or_cannot_be_written_is_no_internal_error(machine: Machine, home: str) -> None:
    for command in ("status", "show", "doctor", "conflicts --all"):
        done = shell(machine, f"{home} {shlex.join(devassist())} {command}")
        assert done.returncode in (0, 1), done
        assert "internal error" not in done.stderr, done
