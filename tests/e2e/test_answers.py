"""Questions, scopes and merges that wait for a person: listed, decided, and gone on with, each exactly once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from support.command_line import Done, Machine
from support.crewscript import CrewScript, Turn, plan, submit, task, tool, write
from support.openai_server import Reply

MODEL = ("--model", "openai/test-model")


@dataclass
class Waiting:
    """A run that ended with three requests open."""

    machine: Machine
    script: CrewScript
    done: Done
    listed: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The inbox as the run left it."""

    @property
    def run(self) -> str:
        return str(self.done.json["run"])

    def items(self) -> dict[str, dict[str, Any]]:
        listed = self.machine.devassist("inbox", "--format", "json").json["items"]
        return {one["kind"]: one for one in listed}


def _told(turn: Turn) -> Reply:
    """Writes what the person answered."""
    answer = turn.results[0].splitlines()[0]
    return write("colour.txt", f"{answer}\n")


@pytest.fixture(scope="module")
def waiting(make_shared_machine: Callable[..., Machine]) -> Waiting:
    script = CrewScript()
    ask = tool("ask_human", question="which colour?", options=["red", "blue"])
    script.on("ALPHA", "coder", ask, _told, submit(proves=[1]))
    wish = tool("request_scope", paths=["docs/**"], reason="the docs name it")
    script.on("BRAVO", "coder", wish, write("docs/b.md", "b\n"), submit(proves=[1]))
    script.on("DELTA", "documenter", write("d.md", "d\n"), submit(confidence=0.4, proves=[0]))
    machine = make_shared_machine(script=script)
    tasks = [
        task("asks", "ALPHA", review=False),
        task("widens", "BRAVO", scope=["b.txt"], review=False),
        task("unsure", "DELTA", role="documenter", review=False),
    ]
    found = Waiting(machine, script, machine.run(plan(*tasks)))
    found.listed = found.items()
    return found


def test_a_run_that_may_not_wait_ends_with_three_and_lists_what_it_waits_for(waiting: Waiting) -> None:
    assert waiting.done.code == 3, waiting.done
    items = waiting.listed
    assert set(items) == {"question", "scope", "merge"}
    assert items["question"]["options"] == ["red", "blue"]
    assert [items[kind]["urgency"] for kind in ("question", "scope", "merge")] == ["high", "high", "normal"]
    merge = items["merge"]
    assert merge["shown"]["paths"] == ["d.md"]
    assert merge["run"] == waiting.run
    assert all(one["binds_to"] and one["age_s"] >= 0 for one in items.values())


def _a_word_of_the_wrong_kind_decides_nothing(waiting: Waiting) -> None:
    items = waiting.items()
    machine = waiting.machine
    wrong = machine.devassist("approve", items["question"]["id"])
    assert (wrong.code, "is a question" in wrong.err) == (2, True)
    wrong = machine.devassist("answer", items["merge"]["id"], "yes")
    assert (wrong.code, "a yes or a no" in wrong.err) == (2, True)
    both = machine.devassist("approve", items["merge"]["id"], "a-nothing")
    assert both.code == 2
    assert machine.devassist("reject", items["merge"]["id"]).code == 2  # a no needs its reason
    assert set(waiting.items()) == set(items)


def test_only_the_right_words_take_the_run_to_its_end(waiting: Waiting) -> None:
    _a_word_of_the_wrong_kind_decides_nothing(waiting)
    items = waiting.items()
    machine = waiting.machine
    assert machine.devassist("answer", items["question"]["id"], "blue").code == 0
    ids = [items["scope"]["id"], items["merge"]["id"]]
    approved = machine.devassist("approve", *ids, "--reason", "fine", "--format", "json")
    assert [one["choice"] for one in approved.json["items"]] == ["approve", "approve"]
    assert machine.devassist("inbox", "--format", "json").json["items"] == []
    again = machine.devassist("approve", items["merge"]["id"])
    assert (again.code, "already" in again.err) == (2, True)
    done = machine.devassist("resume", waiting.run, "--format", "json")
    assert done.code == 0, done
    assert done.json["status"] == "succeeded"
    assert machine.git("show", f"devassist/{waiting.run}/result:colour.txt") == "blue"
    assert machine.git("show", f"devassist/{waiting.run}/result:docs/b.md") == "b"
    first = [turn for turn in waiting.script.turns if turn.step == 0]
    assert len(first) == 3  # nobody was asked again for what was paid
    decided = machine.events(waiting.run, "approval.decided")
    assert all(event["data"]["who"].startswith("person ") and event["parent"] for event in decided)
    approvers = [event["data"]["approver"] for event in machine.events(waiting.run, "merge.completed")]
    assert sum(one.startswith("person ") for one in approvers) == 1
    assert machine.devassist("audit", "verify").code == 0


def test_a_rejected_merge_is_left_alone_and_said(make_machine: Callable[..., Machine]) -> None:
    script = CrewScript().on("DELTA", "documenter", write("d.md", "d\n"), submit(proves=[0]))
    machine = make_machine(script=script)
    tasks = plan(task("unsure", "DELTA", role="documenter", review=False))
    done = machine.run(tasks, "--approve", "ask")
    assert done.code == 3, done
    ((id_,),) = [tuple(one["id"] for one in done.json["waiting"])]
    assert machine.devassist("reject", id_, "--reason", "not now").code == 0
    again = machine.devassist("resume", done.json["run"], "--format", "json")
    assert again.code == 1, again
    (left,) = again.json["tasks"]
    assert (left["status"], "not now" in left["error"]) == ("delivered", True)
    assert again.json["result_commit"] is None


def test_a_plan_is_edited_before_it_is_approved(make_machine: Callable[..., Machine]) -> None:
    from support.crewscript import brief, hand_in_plan

    made = [task("one", "ALPHA", review=False, scope=["a.txt"])]
    script = CrewScript()
    script.on("GOAL", "researcher", tool("list_files"), brief())
    script.on("GOAL", "orchestrator", tool("list_files"), hand_in_plan(made, confidence=0.3))
    script.on("ALPHA", "coder", write("b.txt", "b\n"), submit(proves=[0]))
    machine = make_machine(script=script)
    done = machine.devassist("run", "GOAL: do it", "--crew", "plan", *MODEL, "--format", "json")
    assert done.code == 3, done
    (item,) = machine.devassist("inbox", "--format", "json").json["items"]
    assert item["kind"] == "plan"
    editor = machine.root / "editor.sh"
    editor.write_text("#!/bin/sh\nsed -i 's/a.txt/b.txt/; s/title of one/another title/' \"$1\"\n")
    editor.chmod(0o755)
    assert machine.devassist("approve", item["id"], "--edit", EDITOR=str(editor)).code == 0
    again = machine.devassist("resume", done.json["run"], "--format", "json")
    assert again.code == 0, again
    assert machine.git("show", f"devassist/{again.json['run']}/result:b.txt") == "b"
    plans = machine.events(again.json["run"], "plan.submitted")
    assert json.dumps(plans[-1]["data"]["plan"]).count("b.txt") == 1
    assert again.json["tasks"][0]["title"] == "another title"
    assert [turn.role for turn in script.turns if turn.role in ("researcher", "orchestrator")] == [
        "researcher", "researcher", "orchestrator", "orchestrator",
    ]  # fmt: skip


def test_a_planner_that_asked_goes_on_after_the_answer_and_what_it_said_is_not_paid_again(
    make_machine: Callable[..., Machine],
) -> None:
    from support.crewscript import brief, hand_in_plan

    made = [task("one", "ALPHA", review=False)]
    script = CrewScript()
    script.on("GOAL", "researcher", tool("list_files"), brief())
    asks = tool("ask_human", question="which database?", options=["sqlite", "postgres"])
    script.on("GOAL", "orchestrator", asks, tool("list_files"), hand_in_plan(made))
    script.on("ALPHA", "coder", write("a.txt", "a\n"), submit(proves=[0]))
    machine = make_machine(script=script)
    done = machine.devassist("run", "GOAL: do it", "--crew", "plan", *MODEL, "--format", "json")
    assert done.code == 3, done
    (item,) = done.json["waiting"]
    assert "1 to answer" in machine.devassist("status").out
    assert machine.devassist("answer", item["id"], "sqlite").code == 0
    again = machine.devassist("resume", done.json["run"], "--format", "json")
    assert again.code == 0, again
    planning = [turn.role for turn in script.turns if turn.role in ("researcher", "orchestrator")]
    assert planning == ["researcher"] * 2 + ["orchestrator"] * 3
    assert "sqlite" in script.of("GOAL", "orchestrator")[1].results[0]
