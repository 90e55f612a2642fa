"""What claims may cite: a tool call, and each check that it ran."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from devassist.domain.claims.cases import CaseCounts
from devassist.domain.events import CommandRan, Event, Fact, Record, ToolCalled
from devassist.domain.statuses import Purpose
from devassist.engine.log.evidence_index import EvidenceIndex

_RED = CaseCounts(runner="pytest", passed=2, failed=1, failures=("t::b",), counted=True)


class Log:
    """An index that is fed records."""

    def __init__(self) -> None:
        self.index = EvidenceIndex()
        self._numbers = itertools.count(1)

    def take(self, fact: Fact, *, id_: str = "", parent: str = "", agent: str = "t1/coder") -> None:
        number = next(self._numbers)
        event = Event(fact, run="r", task="t1", agent=agent, id=id_ or f"x{number}", parent=parent)
        self.index.take(Record(seq=number, at="", event=event))

    def check(self, command: str, id_: str, **more: Any) -> None:
        ran = CommandRan(command=command, purpose=Purpose.CHECK, **more)
        self.take(ran, id_=id_, parent=id_.rpartition("-")[0])


@pytest.fixture
def log() -> Log:
    return Log()


def test_each_check_is_evidence_of_its_own_and_all_of_them_together(log: Log) -> None:
    log.check("ruff", "e1-c1")
    log.check("pytest", "e1-c2", exit_code=1, cases=_RED)
    log.take(ToolCalled(name="run_checks", ok=False, read=("*",), wrote=("coverage.xml",)), id_="e1")
    evidence = log.index.evidence
    assert set(evidence) == {"e1", "e1-c1", "e1-c2"}
    assert [run.command for run in evidence["e1"].runs] == ["ruff", "pytest"]
    assert (evidence["e1-c1"].ok, evidence["e1-c2"].ok) == (True, False)
    assert evidence["e1-c2"].summary == "`pytest`: exit code 1, 2 passed, 1 failed: t::b"
    assert evidence["e1-c2"].runs[0].cases == _RED
    # What the checks themselves wrote was there when they were done: it takes nothing from them.
    assert {one.number for one in evidence.values()} == {3}
    assert [call.id for call in log.index.calls("t1")] == ["e1"]


def test_checks_that_ran_again_after_a_crash_count_as_they_ended_last(log: Log) -> None:
    log.check("pytest", "e1-c1", exit_code=1)
    log.check("pytest", "e1-c2")
    log.take(ToolCalled(name="run_checks"), id_="e1")
    assert set(log.index.evidence) == {"e1", "e1-c2"}
    assert [run.exit_code for run in log.index.evidence["e1"].runs] == [0]


def test_a_command_is_evidence_as_its_tool_call(log: Log) -> None:
    log.take(CommandRan(command="pytest", exit_code=1, cases=_RED), parent="e1")
    log.take(ToolCalled(name="run_command", ok=False), id_="e1")
    assert set(log.index.evidence) == {"e1"}
    assert log.index.evidence["e1"].runs[0].cases == _RED


def test_what_the_harness_runs_is_nobodys_evidence(log: Log) -> None:
    log.take(CommandRan(command="pytest"), agent="")
    assert log.index.evidence == {}
