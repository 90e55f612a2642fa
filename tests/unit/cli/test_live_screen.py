"""The live view always fits the terminal, and never cuts what must be read to answer."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from devassist.cli.view.live_screen import LiveScreen, Mode, Screen
from devassist.cli.view.live_table import Seen
from devassist.domain.events import EventType, Record
from devassist.domain.state.run import RunState
from devassist.domain.statuses import TaskStatus
from support.crewscript import plan, task
from support.facts import event as event_of

NOW = datetime(2026, 1, 1, 0, 0, 20, tzinfo=UTC)
SIZES = [(80, 24), (200, 50), (40, 12)]


def state_of(tasks: int, *requests: dict[str, Any]) -> RunState:
    state = RunState()
    planned = plan(
        *(task(f"t{number}", "do", depends_on=[f"t{number - 1}"] * (number > 0)) for number in range(tasks))
    )
    facts = [
        event_of(EventType.RUN_STARTED, run="brisk-heron-3f2a", data={"goal": "a goal\nof two lines"}),
        event_of(EventType.PLAN_SUBMITTED, run="brisk-heron-3f2a", data={"plan": planned}),
        event_of(EventType.TASK_STARTED, run="brisk-heron-3f2a", task="t0", data={}),
    ]
    for number, request in enumerate(requests):
        data = {"approval": f"a-{number}", "kind": "question", "options": [], "binds_to": "x", **request}
        facts.append(event_of(EventType.APPROVAL_REQUESTED, run="brisk-heron-3f2a", task="t0", data=data))
    for seq, event in enumerate(facts, start=1):
        state.apply(Record(seq=seq, at="2026-01-01T00:00:00+00:00", event=event))
    return state


def shown(state: RunState, screen: Screen, size: tuple[int, int]) -> list[str]:
    console = Console(
        file=io.StringIO(), width=size[0], height=size[1], force_terminal=True, color_system=None
    )
    view = LiveScreen(state, screen, now=NOW, begun=NOW)
    return ["".join(part.text for part in line) for line in view.lines(console, console.options)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("tasks", [1, 4, 60])
@pytest.mark.parametrize("requests", [0, 1, 10, 40])
@pytest.mark.parametrize("mode", list(Mode))
def test_the_view_fits_the_terminal_and_ends_with_what_is_typed(
    size: tuple[int, int], tasks: int, requests: int, mode: Mode
) -> None:
    asked = [{"question": f"question {number} " * 30, "options": ["yes", "no"]} for number in range(requests)]
    screen = Screen(
        keys=True, mode=mode, typed="what is typed", text="+a\n" * 200, logs={"t0": ["line"] * 200}
    )
    lines = shown(state_of(tasks, *asked), screen, size)
    assert len(lines) < size[1]
    assert all(len(line) <= size[0] for line in lines)
    if requests:
        assert lines[-1].startswith("> what is typed")


@pytest.mark.parametrize("size", SIZES[:2])
def test_ten_questions_are_ten_rows_and_the_first_is_whole(size: tuple[int, int]) -> None:
    asked = [{"question": f"Which of the two databases is meant, number {number}?"} for number in range(10)]
    asked[0]["options"] = ["postgres", "sqlite"]
    lines = shown(state_of(2, *asked), Screen(keys=True), size)
    text = "\n".join(lines)
    for number in range(10):
        assert f"number {number}?" in text
    assert "options: postgres, sqlite" in text
    assert sum("of 10" in line for line in lines) == 10
    assert any("t1" in line and "waits for t0" in line for line in lines)


def test_a_long_answer_shows_its_end() -> None:
    lines = shown(state_of(1, {"question": "?"}), Screen(typed="x" * 300 + "the end"), (80, 24))
    assert lines[-1].rstrip("_").endswith("the end")


def test_a_task_without_an_agent_says_what_is_started_and_for_how_long() -> None:
    text = "\n".join(
        shown(state_of(1), Screen(seen={"t0": Seen(datetime(2026, 1, 1, 0, 0, 8, tzinfo=UTC))}), (80, 24))
    )
    assert "starting CrewAI, 12 s" in text


def test_a_delivered_task_says_which_check_runs_or_that_it_waits() -> None:
    state = state_of(1)
    state.tasks["t0"].status = TaskStatus.DELIVERED
    at = datetime(2026, 1, 1, 0, 0, 8, tzinfo=UTC)
    assert any("waits for its turn to land" in line for line in shown(state, Screen(), (80, 24)))
    screen = Screen(seen={"t0": Seen(at, "pytest -q")})
    assert any("merged on trial: pytest -q, 12 s" in line for line in shown(state, screen, (80, 24)))


def test_before_anything_is_recorded_the_view_moves() -> None:
    [first, *_] = shown(RunState(), Screen(), (80, 24))
    assert "starting the run" in first


def test_a_merge_that_waits_names_the_key_of_its_diff() -> None:
    request = {"question": "merge it?", "kind": "merge", "shown": {"ours": "a" * 40, "tree": "b" * 40}}
    assert any("diff: Tab, then d" in line for line in shown(state_of(1, request), Screen(), (80, 24)))
