"""What an agent is told of a command's end."""

from __future__ import annotations

import pytest

from devassist.crew.arguments import RunCommand
from devassist.crew.commands import command_outcome, how_it_ended
from devassist.crew.tool_context import Observed
from devassist.domain.claims.cases import CaseCounts
from devassist.ports import CommandResult


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
