"""Conflicts while the work goes on: seen at the save, confirmed at the commit, told to both tasks, gone when mended."""

from __future__ import annotations

import json
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


def test_conflicts_are_shown_as_they_appear_and_go(watched: Watched) -> None:
    for said in ("conflict.found provisional, content: ", "conflict.found open, content: ", "is gone"):
        assert said in watched.done.err
    assert "branch.staled" in watched.done.err


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
    rows = watched.machine.query("SELECT conflict, status FROM conflicts WHERE run = ?", watched.run)
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
        assert note["sender"] == "conflicts"
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


def test_what_builds_on_an_outdated_base_is_said_by_conflicts_and_by_merge(watched: Watched) -> None:
    machine, branch = watched.machine, f"devassist/{watched.run}/two/coder"
    machine.git("branch", "landing", "main")
    merged = machine.devassist("merge", watched.run, "--into", "landing", "--format", "json")
    assert merged.code == 0, merged
    said = [(one["branch"], one["paths"]) for one in merged.json["stale"]]
    assert said == [(branch, [GUIDE])]
    for command in ((), ("order",)):
        shown = machine.devassist("conflicts", *command, "--base", "landing", "--format", "json").json
        assert [(one["branch"], one["paths"]) for one in shown["stale"]] == said
        assert shown["stale"][0]["behind"] > 0
    assert branch in machine.devassist("conflicts", "--base", "landing", "--fail-on", "never").out
    assert machine.devassist("conflicts", "--format", "json").json["stale"] == []


def test_nothing_of_the_watch_is_left_and_the_log_verifies(watched: Watched) -> None:
    assert not any("watched" in text for text in watched.done.json["warnings"])
    assert watched.machine.devassist("audit", "verify").code == 0
    types = [one["type"] for one in watched.events()]
    late = types[types.index("run.finished") :]
    assert not {"conflict.found", "note.posted", "branch.staled"} & set(late)


# One after the other --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sequenced(make_shared_machine: Callable[..., Machine]) -> Watched:
    script = CrewScript()
    machine = make_shared_machine(script=script)

    def once_delivered(name: str, step: Step) -> Step:
        def wait(turn: Turn) -> Reply:
            deadline = time.monotonic() + 60
            asked = "SELECT COUNT(*) FROM events WHERE type = 'task.delivered' AND task = ?"
            while machine.query(asked, name) == [(0,)] and time.monotonic() < deadline:
                time.sleep(0.05)
            return step(turn) if callable(step) else step

        return wait

    def coder(name: str, *steps: Step) -> None:
        script.on(f"CASE-{name}.", "coder", *steps, submit())

    coder("first", edit("calc/add.py", "return a + b", "return b + a"))
    coder("second", edit("calc/add.py", "return b + a", "return sum((a, b))"))
    coder("lazy", tool("show_diff"), submit())
    coder("after-lazy", write("made/fine.txt", "x\n"))
    coder("renames", edit(SUB, "def sub(", "def subtract("))
    script.on(
        "CASE-uses.", "coder",
        write("calc/less.py", "from calc.sub import sub\n\n\ndef less(a):\n    return sub(a, 1)\n"),
        *until_noted(SUB, once_delivered("renames", submit())),
    )  # fmt: skip
    script.on(
        "CASE-uses.", "tester",
        tool("show_diff"),
        tool("read_file", path=SUB),
        write("calc/less.py", "from calc.sub import subtract\n\n\ndef less(a):\n    return subtract(a, 1)\n"),
        submit("goes with the new name"),
    )  # fmt: skip
    done = machine.run(
        plan(
            task("first", "CASE-first.", review=False, scope=["calc/add.py"]),
            task("second", "CASE-second.", review=False, scope=["calc/add.py", "calc/other/**"]),
            task("lazy", "CASE-lazy.", review=False, scope=["made/**"]),
            task("after-lazy", "CASE-after-lazy.", review=False, scope=["made/fine.txt"]),
            task("renames", "CASE-renames.", review=False),
            task("uses", "CASE-uses."),
        ),
        "--max-parallel", "6",
    )  # fmt: skip
    return Watched(machine, done, script)


def test_tasks_whose_scopes_meet_run_one_after_the_other_and_both_land(sequenced: Watched) -> None:
    assert sequenced.done.task("first")["status"] == sequenced.done.task("second")["status"] == "merged"
    result = sequenced.done.json["result_commit"]
    assert "sum((a, b))" in sequenced.machine.git("show", f"{result}:calc/add.py")
    events = [(one["type"], one["task"]) for one in sequenced.events("task")]
    assert events.index(("task.delivered", "first")) < events.index(("task.started", "second"))
    assert any("second" in text and "first" in text for text in sequenced.done.json["warnings"])


def test_a_task_that_waited_for_one_that_failed_still_runs(sequenced: Watched) -> None:
    assert sequenced.done.task("lazy")["status"] == "failed"
    assert sequenced.done.task("after-lazy")["status"] == "merged"


def test_tasks_without_a_scope_run_at_the_same_time(sequenced: Watched) -> None:
    events = [(one["type"], one["task"]) for one in sequenced.events("task")]
    assert events.index(("task.started", "uses")) < events.index(("task.delivered", "renames"))


def test_the_next_agent_of_a_later_task_starts_from_a_merge_with_the_earlier_one(sequenced: Watched) -> None:
    (rebased,) = sequenced.events("branch.rebased")
    data = rebased["data"]
    assert (rebased["task"], data["onto"]) == ("uses", "renames")
    assert data["conflict"] in {one["data"]["conflict"] for one in sequenced.events("conflict.found")}
    (begun,) = [one for one in sequenced.events("agent.started") if one["agent"] == "uses/tester"]
    assert begun["data"]["commit"] == data["new"] != data["old"]
    diff = sequenced.script.of("CASE-uses.", "tester")[1].results[0]
    assert "calc/less.py" in diff and "calc/sub.py" not in diff, "the diff is the task's own"
    assert sequenced.done.task("uses")["status"] == "merged"
    assert sequenced.life(SUB, "renamed-symbol-used")[-1] == "gone"
    assert sequenced.done.json["conflicts"] == []


def test_a_plan_is_shown_with_what_it_will_meet_and_cost_and_is_a_plan_still(sequenced: Watched) -> None:
    machine = sequenced.machine
    rows = plan(
        task("a", "rename load", scope=["calc/add.py"]),
        task("b", "document it", role="documenter", scope=["calc/**"], review=False),
    )
    file = machine.root / "next.json"
    file.write_text(json.dumps(rows))
    done = machine.devassist(
        "run", "--plan", str(file), "--plan-only", "--model", "openai/m", "--format", "json"
    )
    assert done.code == 0, done
    (meeting,) = [one for one in done.json["predicted"] if one["tasks"] == ["a", "b"]]
    assert (meeting["branch"], meeting["paths"]) == (None, ["calc/add.py"])
    taken = [one for one in done.json["predicted"] if one["branch"]]
    assert {one["branch"] for one in taken} == {f"devassist/{sequenced.run}/result"}
    assert done.json["estimate"]["runs"] == 1
    assert done.json["estimate"]["model_calls"] > 0
    file.write_text(done.out)
    text = machine.devassist("run", "--plan", str(file), "--plan-only", "--model", "openai/m")
    assert text.code == 0, text
    assert "b starts after a" in text.out
    assert "past runs" in text.out
