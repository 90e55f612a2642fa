"""An agent that goes in circles, strays or floods is ended by a decision that is on record."""

from __future__ import annotations

import pytest

from devassist.crew.crew_stop import CrewStop
from devassist.crew.loop_guard import MAX_FLOODS, MAX_IDENTICAL_CALLS, MAX_STRAYED, LoopGuard


@pytest.fixture
def decisions() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def guard(decisions: list[tuple[str, str]]) -> LoopGuard:
    return LoopGuard(lambda question, reason: decisions.append((question, reason)))


def test_the_same_call_again_and_again_ends_the_agent(
    guard: LoopGuard, decisions: list[tuple[str, str]]
) -> None:
    assert [guard.count_call("read_file", "{}") for _ in range(MAX_IDENTICAL_CALLS - 1)] == list(
        range(1, MAX_IDENTICAL_CALLS)
    )
    with pytest.raises(CrewStop, match="in a row with the same arguments"):
        guard.count_call("read_file", "{}")
    assert len(decisions) == 1


def test_another_call_between_them_begins_the_count_anew(guard: LoopGuard) -> None:
    for _ in range(3 * MAX_IDENTICAL_CALLS):
        assert guard.count_call("read_file", "{}") == 1
        assert guard.count_call("list_files", "{}") == 1


def test_writes_outside_of_the_scope_end_the_agent_after_a_few(
    guard: LoopGuard, decisions: list[tuple[str, str]]
) -> None:
    for _ in range(MAX_STRAYED - 1):
        guard.count_refusal("x is outside this task's scope")
    with pytest.raises(CrewStop, match="outside of the scope"):
        guard.count_refusal("y is outside this task's scope")
    assert "y is outside" in decisions[0][1]


def test_output_that_floods_ends_the_agent_after_a_few(
    guard: LoopGuard, decisions: list[tuple[str, str]]
) -> None:
    for _ in range(MAX_FLOODS - 1):
        guard.count_flood("run_command")
    with pytest.raises(CrewStop, match="had to be cut"):
        guard.count_flood("run_checks")
    assert len(decisions) == 1
