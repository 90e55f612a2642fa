"""What an agent is told of a command's end."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from devassist.assignments import Assignment
from devassist.crew.tools.checks import run_checks
from devassist.crew.tools.commands import command_outcome, how_it_ended, run_command
from devassist.crew.tools.shapes import RunChecks, RunCommand
from devassist.crew.tools.tool_context import AgentFact, Observed
from devassist.domain.claims.cases import CaseCounts
from devassist.domain.events import CommandRan, Event
from devassist.domain.roles import Role
from devassist.git.reading import ReadingGit
from devassist.ports import CommandResult, Files, Sandbox, SandboxSpec
from devassist.sandbox.files import WorktreeFiles
from devassist.sandbox.unsafe import UnsafeSandbox


def result(code: int, *, timed_out: bool = False) -> CommandResult:
    return CommandResult(exit_code=code, output="out\n", seconds=2.0, timed_out=timed_out)


@pytest.mark.parametrize(
    ("ended", "words"),
    [
        (result(0), "exit code 0"),
        (result(3), "exit code 3"),
        (result(-9), "killed by signal 9"),
        (result(-15, timed_out=True), "timed out after 2 s"),
    ],
)
def test_the_end_of_a_command_is_said_in_words(ended: CommandResult, words: str) -> None:
    assert how_it_ended(ended) == words


def test_a_reader_that_left_early_is_said_and_is_no_failure_of_the_command() -> None:
    observed = Observed(result=result(141), cases=CaseCounts())
    outcome = command_outcome(RunCommand(command="yes | head -1"), observed, {}, {})
    assert outcome.ok
    assert "its reader had read enough (SIGPIPE); what it would have come to is unknown" in outcome.text
    assert outcome.exit_code == 141


def test_what_the_test_runner_reported_is_said_under_the_output_and_in_the_summary() -> None:
    cases = CaseCounts(runner="pytest", passed=3, failed=1, failures=("t.py::test_b",), counted=True)
    outcome = command_outcome(
        RunCommand(command="pytest; true"), Observed(result=result(0), cases=cases), {}, {}
    )
    assert outcome.text == "out\n[exit code 0]\n[tests: 3 passed, 1 failed: t.py::test_b]"
    assert outcome.summary == "`pytest; true`: exit code 0, 3 passed, 1 failed: t.py::test_b"
    assert not Observed(result=result(0), cases=cases).passes


# The tools as an agent has them --------------------------------------------------------------------------------


@dataclass
class Link:
    """What a tool asks of its supervisor, as far as commands do."""

    recorded: list[Event] = field(default_factory=list)

    def record(self, *events: Event) -> None:
        self.recorded += events

    def changed(self, role: Role) -> Mapping[str, str]:
        return {}


@dataclass
class Workplace:
    """A ToolContext in a directory, with commands that run as they are."""

    root: Path
    assignment: Assignment
    link: Any = field(default_factory=Link)
    sandbox: Sandbox | None = field(default_factory=UnsafeSandbox)
    granted: list[str] = field(default_factory=list)
    role: Role = Role.CODER
    known_failures: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def files(self) -> Files:
        return WorktreeFiles(self.root / "tree")

    @property
    def scratch(self) -> Files:
        return WorktreeFiles(self.root / "private")

    @property
    def git(self) -> ReadingGit:
        raise AssertionError

    def spec(self) -> SandboxSpec:
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.root)}
        return SandboxSpec(
            worktree=self.root / "tree", private=self.root / "private", environment=environment
        )

    def event(self, fact: AgentFact, *, id_: str = "", parent: str = "") -> Event:
        return Event(fact, run="r", task="t", agent="t/coder", id=id_, parent=parent)


PYTEST = f"{sys.executable} -m pytest -q -p no:cacheprovider"


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    (tmp_path / "private").mkdir()
    (tmp_path / "tree").mkdir()
    tests = "def test_a():\n    assert True\n\n\ndef test_b():\n    assert False\n"
    (tmp_path / "tree" / "test_x.py").write_text(tests)
    checks = (f"{PYTEST} test_x.py", "true")
    return Workplace(tmp_path, Assignment(run="r", task="t", roles=(Role.CODER,), models={}, checks=checks))


def test_each_check_is_run_with_its_tests_counted_and_an_id_of_its_own(workplace: Workplace) -> None:
    outcome = run_checks(workplace, RunChecks(), "e1", first=3)
    assert (outcome.ok, outcome.summary) == (False, "1 of 2 checks passed")
    assert "[tests: 1 passed, 1 failed: test_x.py::test_b]\nevidence: e1-c3\n" in outcome.text
    assert "$ true\n[exit code 0]\nevidence: e1-c4\n" in outcome.text
    ran = [(event.id, event.parent, event.body) for event in workplace.link.recorded]
    ran = [(id_, parent, body) for id_, parent, body in ran if isinstance(body, CommandRan)]
    assert [(id_, parent) for id_, parent, _ in ran] == [("e1-c3", "e1"), ("e1-c4", "e1")]
    cases = ran[0][2].cases
    assert cases is not None
    assert (cases.passed, cases.failed, cases.failures) == (1, 1, ("test_x.py::test_b",))
    assert ran[1][2].cases is None
    assert [path.name for path in (workplace.root / "private").glob("results-*")] == []


def test_a_command_tells_of_the_tests_that_it_ran_whatever_its_exit_code(workplace: Workplace) -> None:
    outcome = run_command(workplace, RunCommand(command=f"{PYTEST} test_x.py | tail -1; true"), "e1")
    assert (outcome.ok, outcome.exit_code) == (True, 0)
    assert outcome.text.endswith("[exit code 0]\n[tests: 1 passed, 1 failed: test_x.py::test_b]")
