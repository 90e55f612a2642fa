"""Conflicts while the work goes on: seen at the save, confirmed at the commit, told to both tasks, gone when mended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from support.command_line import Done, Machine
from support.crewscript import CrewScript, Step, Turn, edit, plan, submit, task, tool, write
from support.openai_server import Reply

GUIDE, SUB = "docs/guide.md", "calc/sub.py"
_LOOKS = 25


@dataclass
class Watched:
    machine: Machine
    done: Done
    script: CrewScript

    @property
    def run(self) -> str:
        run: str = self.done.json["run"]
        return run

    def events(self, *types: str) -> list[dict[str, Any]]:
        return self.machine.events(self.run, *types)

    def life(self, path: str, kind: str = "content") -> list[str]:
        """The statuses that the one conflict of this kind in a file went through."""
        found = self.events("conflict.found", "conflict.resolved")
        ids = {one["data"]["conflict"] for one in found if _is(one["data"], path, kind)}
        assert len(ids) == 1, found
        return [one["data"]["status"] for one in found if one["data"]["conflict"] in ids]

    def of(self, path: str) -> dict[str, Any]:
        return [one["data"] for one in self.events("conflict.found") if _is(one["data"], path, "content")][-1]

    def notes(self, path: str) -> list[dict[str, Any]]:
        return [one["data"] for one in self.events("note.posted") if path in one["data"]["paths"]]


def _is(data: dict[str, Any], path: str, kind: str) -> bool:
    return data.get("path") == path and data.get("kind") == kind


@dataclass
class Meeting:
    """Agents that wait for each other: nobody goes on before all have come to this step."""

    count: int
    _barrier: threading.Barrier = field(init=False)

    def __post_init__(self) -> None:
        self._barrier = threading.Barrier(self.count)

    def __call__(self, step: Step) -> Step:
        def wait(turn: Turn) -> Reply:
            self._barrier.wait(60)
            return step(turn) if callable(step) else step

        return wait


def until_noted(path: str, step: Step) -> list[Step]:
    """Reads the board until a note about the path is there; then the step. The turns that are left are not needed."""

    def look(turn: Turn) -> Reply:
        if any("conflicts:" in one and path in one for one in turn.results):
            return step(turn) if callable(step) else step
        time.sleep(0.2)
        return tool("read_board") if turn.step % 2 else tool("read_file", path=path)

    return [look] * _LOOKS


@pytest.fixture(scope="module")
def watched(make_shared_machine: Callable[..., Machine]) -> Watched:
    at_guide, at_sub, first_commit = Meeting(2), Meeting(2), Meeting(2)
    script = CrewScript()
    script.on(
        "CASE-one.", "coder",
        edit(GUIDE, "Use add and sub.", "Use add."),
        at_guide(tool("show_diff")),
        *until_noted(GUIDE, submit()),
    )  # fmt: skip
    script.on(
        "CASE-two.", "coder",
        edit(GUIDE, "Use add and sub.", "Use sub."),
        at_guide(tool("show_diff")),
        *until_noted(GUIDE, submit()),
    )  # fmt: skip
    script.on(
        "CASE-three.", "coder",
        edit(SUB, "return a - b", "return -(b - a)"),
        at_sub(tool("show_diff")),
        *until_noted(SUB, submit()),
    )  # fmt: skip
    script.on("CASE-three.", "tester", first_commit(tool("show_diff")), tool("show_diff"), submit("tested"))
    script.on(
        "CASE-four.", "coder",
        edit(SUB, "return a - b", "return a + (-b)"),
        write("made/four.txt", "x\n"),
        at_sub(tool("show_diff")),
        *until_noted(SUB, submit()),
    )  # fmt: skip
    script.on(
        "CASE-four.", "tester",
        first_commit(tool("show_diff")),
        edit(SUB, "return a + (-b)", "return a - b"),
        submit("the edit was not needed"),
    )  # fmt: skip
    machine = make_shared_machine(script=script)
    alone = [task(name, f"CASE-{name}.", review=False) for name in ("one", "two")]
    crews = [task(name, f"CASE-{name}.") for name in ("three", "four")]
    done = machine.run(plan(*alone, *crews), "--max-parallel", "4")
    assert script.missing == [], done
    return Watched(machine, done, script)


def test_a_conflict_between_saves_is_provisional_and_open_once_both_have_committed(watched: Watched) -> None:
    assert watched.life(GUIDE) == ["provisional", "open"]


def test_a_conflict_that_a_later_agent_of_the_task_mends_is_gone(watched: Watched) -> None:
    assert watched.life(SUB)[0] == "provisional"
    assert watched.life(SUB)[-1] == "gone"
    assert watched.done.task("three")["status"] == watched.done.task("four")["status"] == "merged"


def test_a_conflict_is_recorded_with_the_later_task_and_in_the_words_of_both_branches(
    watched: Watched,
) -> None:
    found = watched.events("conflict.found")
    assert {one["task"] for one in found if one["data"]["path"] == GUIDE} == {"two"}
    assert {one["task"] for one in found if one["data"]["path"] == SUB} == {"four"}
    conflict = watched.of(GUIDE)
    assert sorted(conflict["branches"]) == [f"devassist/{watched.run}/{one}/coder" for one in ("one", "two")]
    assert all(branch in conflict["explanation"] for branch in conflict["branches"])


def test_what_is_left_is_listed_once_and_has_the_id_that_the_command_gives_it(watched: Watched) -> None:
    conflict = watched.of(GUIDE)
    assert watched.done.json["conflicts"] == [conflict["conflict"]]
    rows = watched.machine.query("SELECT conflict, status FROM conflicts")
    gone = {one["data"]["conflict"] for one in watched.events("conflict.resolved")}
    assert sorted(rows) == sorted([(conflict["conflict"], "open"), *((one, "gone") for one in gone)])
    again = watched.machine.devassist("conflicts", "--format", "json")
    assert [one["id"] for one in again.json["conflicts"]] == [conflict["conflict"]], again
    shown = watched.machine.devassist("conflicts", "show", conflict["conflict"], "--format", "json").json
    assert shown["first_seen"] < shown["last_seen"]


def test_both_boards_get_the_other_sides_intent_and_change_and_nobody_elses(watched: Watched) -> None:
    for name, other, change in (("one", "two", "+Use sub."), ("two", "one", "+Use add.")):
        (note,) = [
            one for one in watched.notes(GUIDE) if one["to"] == name and one.get("status") == "provisional"
        ]
        assert f"title of {other}" in note["text"]
        assert change in note["text"]
        assert note["from"] == "conflicts"
        seen = watched.script.of(f"CASE-{name}.", "coder")[-1].results
        assert any("conflicts:" in text and change in text for text in seen)
        assert not any("calc/sub.py" in text for text in seen)


def test_no_note_is_posted_twice_for_the_same_conflict_and_status(watched: Watched) -> None:
    for path in (GUIDE, SUB):
        keys = [
            (one["to"], one["conflict"], one["status"]) for one in watched.notes(path) if "conflict" in one
        ]
        assert len(keys) == len(set(keys))


def test_a_landing_says_which_open_task_builds_on_an_older_version(watched: Watched) -> None:
    staled = watched.events("branch.staled")
    assert ("two", "one", [GUIDE]) in [
        (one["task"], one["data"]["by"], one["data"]["paths"]) for one in staled
    ]


def test_nothing_of_the_watch_is_left_and_the_log_verifies(watched: Watched) -> None:
    assert not any("watched" in text for text in watched.done.json["warnings"])
    assert watched.machine.devassist("audit", "verify").code == 0
    last = watched.events()[-1]
    assert last["type"] == "run.finished"
