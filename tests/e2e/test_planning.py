"""A goal instead of a plan: researcher and orchestrator, a plan that must be corrected, and what follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from support.command_line import Done, Machine
from support.crewscript import CrewScript, Turn, hand_in_plan, submit, task, tool, write
from support.openai_server import Reply
from support.repos import tree_files

GOAL = "GOAL-WORD: make the calculator multiply {now}"
GOOD = [
    task("mul", "ALPHA", scope=["calc/mul.py"], checks=["python -c 'import calc.mul'"], review=False),
    task("doc", "BRAVO", role="documenter", review=False, scope=["docs/**"], depends_on=["mul"]),
]
CYCLE = [{**GOOD[0], "depends_on": ["doc"]}, GOOD[1]]
UNKNOWN_ROLE = [GOOD[0], {**GOOD[1], "role": "wizard"}]


@dataclass
class Planned:
    machine: Machine
    done: Done


def _corrected(turn: Turn) -> Reply:
    assert "cycle" in turn.results[1]
    assert "wizard" in turn.results[2]
    return hand_in_plan(GOOD)


@pytest.fixture(scope="module")
def planned(make_shared_machine: Callable[..., Machine]) -> Planned:
    script = CrewScript()
    script.on("GOAL-WORD", "researcher", tool("list_files"), tool("submit_brief", summary="it lacks mul",
              findings=["calc/ holds one module per operation"], confidence=0.9))  # fmt: skip
    script.on(
        "GOAL-WORD",
        "orchestrator",
        tool("read_file", path="README.md"),
        hand_in_plan(CYCLE),
        hand_in_plan(UNKNOWN_ROLE),
        _corrected,
    )
    script.on("ALPHA", "coder", write("calc/mul.py", "def mul(a, b):\n    return a * b\n"), submit("mul"))
    script.on(
        "BRAVO",
        "documenter",
        tool("read_file", path="calc/mul.py"),
        write("docs/mul.md", "# mul\n"),
        submit("doc"),
    )
    machine = make_shared_machine(script=script)
    done = machine.devassist(
        "run", GOAL, "--crew", "plan", "--model", "openai/test-model", "--format", "json"
    )
    assert machine.server.script_errors == []
    assert script.missing == []
    return Planned(machine, done)


def test_a_goal_is_planned_corrected_and_delivered(planned: Planned) -> None:
    assert planned.done.code == 0, planned.done
    document = planned.done.json
    assert document["goal"] == GOAL
    assert [(one["id"], one["status"]) for one in document["tasks"]] == [("mul", "merged"), ("doc", "merged")]
    assert {"calc/mul.py", "docs/mul.md"} <= set(tree_files(planned.machine.repo, document["result_commit"]))


def test_the_goal_and_the_brief_reach_the_orchestrator(planned: Planned) -> None:
    words = planned.machine.script.of("GOAL-WORD", "orchestrator")[0].words
    assert GOAL in words
    assert "it lacks mul" in words
    assert "one module per operation" in words


def test_rejected_plans_are_in_the_log_and_only_the_good_one_was_taken(planned: Planned) -> None:
    run = planned.done.json["run"]
    (taken,) = planned.machine.events(run, "plan.submitted")
    assert [one["id"] for one in taken["data"]["plan"]["tasks"]] == ["mul", "doc"]
    handed_in = planned.machine.query(
        "SELECT ok FROM tool_calls WHERE name = 'submit_plan' AND run = ? ORDER BY seq", run
    )
    assert [ok for (ok,) in handed_in] == [0, 0, 1]


def test_the_policy_decided_about_the_plan(planned: Planned) -> None:
    decisions = planned.machine.events(planned.done.json["run"], "decision.made")
    assert any("plan" in one["data"]["question"] and one["data"]["who"] == "policy" for one in decisions)


def test_plan_only_prints_the_plan_and_changes_nothing(planned: Planned) -> None:
    machine = planned.machine
    before = machine.git("for-each-ref", "refs/heads")
    done = machine.devassist("run", GOAL, "--plan-only", "--model", "openai/test-model", "--format", "json")
    assert done.code == 0, done
    document = done.json
    assert document["schema"] == "devassist.plan/1"
    assert document["goal"] == GOAL
    for one, given in zip(document["tasks"], GOOD, strict=True):
        assert set(one) == {"id", "title", "role", "instructions", "scope", "depends_on", "checks", "review"}
        assert {key: one[key] for key in given} == given
    assert [
        name for name in machine.git("for-each-ref", "refs/heads").splitlines() if name.endswith("/result")
    ] == [name for name in before.splitlines() if name.endswith("/result")]


def test_a_plan_that_was_printed_can_be_run(planned: Planned) -> None:
    shown = planned.machine.devassist("show", planned.done.json["run"], "--format", "json")
    assert shown.json["tasks"][0]["checks"][0]["command"] == "python -c 'import calc.mul'"


def test_a_plan_below_the_threshold_waits_for_a_person(make_machine: Callable[..., Machine]) -> None:
    script = CrewScript()
    script.on("GOAL-WORD", "orchestrator", tool("list_files"), hand_in_plan(GOOD, confidence=0.4))
    machine = make_machine(script=script)
    goal = machine.root / "goal.txt"
    goal.write_text(GOAL)
    done = machine.devassist("run", "-f", str(goal), "--model", "openai/test-model", "--format", "json")
    assert done.code == 3, done
    document = done.json
    assert document["status"] == "waiting"
    assert [one["kind"] for one in document["waiting"]] == ["plan"]
    assert document["result_commit"] is None


def test_a_planning_crew_that_never_hands_in_a_plan_fails(make_machine: Callable[..., Machine]) -> None:
    script = CrewScript()
    script.on("GOAL-WORD", "orchestrator", tool("list_files"), "I would do this and that.", "Really.")
    machine = make_machine(script=script)
    done = machine.devassist(
        "run", "-", "--model", "openai/test-model", "--format", "json", stdin=GOAL + "\n"
    )
    assert done.code == 1, done
    assert done.json["status"] == "failed"
    assert done.json["goal"] == GOAL
    assert "submit_plan" in done.out + done.err
