"""Commands that devassist tells a person to type work where the person stands."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from rich.console import Console

from devassist.cli.own_command import call, pasteable, program, typed_directory
from devassist.cli.view.render import run_summary
from devassist.domain.state.run import RunState
from devassist.domain.state.tasks import TaskState
from devassist.domain.statuses import TaskStatus


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    path = tmp_path / "venv" / "bin" / "devassist"
    path.parent.mkdir(parents=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_a_program_on_path_is_called_by_its_name(installed: Path) -> None:
    assert program([str(installed)], {"PATH": str(installed.parent)}) == "devassist"


def test_a_program_that_is_not_on_path_is_called_by_its_path(installed: Path) -> None:
    assert program([str(installed)], {"PATH": "/bin"}) == str(installed)


def test_another_program_of_that_name_on_path_is_not_meant(installed: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "devassist"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    assert program([str(installed)], {"PATH": str(other.parent)}) == str(installed)


def test_a_module_is_called_by_its_interpreter() -> None:
    assert program(["/lib/devassist/__main__.py"], {}) == f"{sys.executable} -m devassist"


@pytest.mark.parametrize(
    ("typed", "directory"),
    [
        ([], ""),
        (["-C", "a b", "run", "-C", "x"], "a b"),
        (["-q", "-Csub", "status"], "sub"),
        (["status"], ""),
    ],
)
def test_the_directory_is_the_one_that_was_typed_before_the_command(typed: list[str], directory: str) -> None:
    assert typed_directory(["devassist", *typed]) == directory


def test_a_command_names_the_typed_directory_and_quotes_it() -> None:
    assert call("diff r", ["devassist", "-C", "a b", "run"], {}) == "devassist -C 'a b' diff r"
    assert call("diff r", ["devassist", "demo"], {}, at="/d") == "devassist -C /d diff r"


def test_a_hint_names_the_typed_directory_but_prose_stays() -> None:
    hint = pasteable("devassist status lists them; what devassist writes stays", ["devassist", "-C", "d"], {})
    assert hint == "devassist -C d status lists them; what devassist writes stays"


def test_the_command_below_a_failed_task_is_one_line_in_any_terminal() -> None:
    state = RunState(run="brisk-heron-3f2a")
    failed = TaskState("one", "t", "coder", status=TaskStatus.FAILED, error="checks fail\nlast line")
    state.tasks["one"] = failed
    console = Console(file=io.StringIO(), width=40, force_terminal=True, color_system=None)
    with console.capture() as captured:
        console.print(run_summary(state, lambda words: f"/a/long/path/to/the/program {words}"), crop=False)
    assert "all of it: /a/long/path/to/the/program show brisk-heron-3f2a/one --log\n" in captured.get()
