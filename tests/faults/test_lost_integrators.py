"""The integrator cut off at its work: its attempt goes on, and no reply is paid for twice."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from support.acts import program
from support.repos import git
from support.world import World, broken
from support.zygote import Zygote

BOTH = "# pkg\n\nAdds.\nSubtracts.\n"
TURNS = 6
USAGE, WAITING = 2, 3


def _task(name: str, role: str) -> dict[str, Any]:
    return {"id": name, "title": name, "role": role, "instructions": "say what it does", "review": False}


def _words(text: str) -> list[dict[str, Any]]:
    claim = {"statement": "done", "evidence": "{{evidence:-1}}"}
    return [
        {"tools": [{"write_file": {"path": "README.md", "content": f"# pkg\n\n{text}\n"}}]},
        {"tools": [{"submit_work": {"summary": text, "confidence": 0.9, "claims": [claim]}}]},
    ]


def _resolution(**more: Any) -> dict[str, Any]:
    return {"submit_resolution": {"summary": "both", "confidence": 0.9, "dropped": [], **more}}


INTEGRATOR: list[dict[str, Any]] = [
    {"tools": [{"read_file": {"path": "README.md"}}]},
    {"tools": [{"write_file": {"path": "README.md", "content": "# pkg\n\nAdds.\n"}}]},
    {"tools": [_resolution()]},  # sent back: a line is dropped in silence
    {"tools": [{"show_diff": {}}]},
    {"tools": [{"write_file": {"path": "README.md", "content": BOTH}}]},
    {"tools": [_resolution()]},
]


@pytest.fixture
def clash(tmp_path: Path, zygote: Zygote) -> World:
    """Two tasks that end the same file differently; the integrator works in more turns than anybody else."""
    world = World(tmp_path / "world", zygote)
    plan = {
        "schema": "devassist.plan/1",
        "goal": "say it",
        "tasks": [_task("t1", "coder"), _task("t2", "documenter")],
    }
    agents = {
        "t1/coder": _words("Adds."),
        "t2/documenter": _words("Subtracts."),
        "t2/integrator": INTEGRATOR,
    }
    world.plan.write_text(json.dumps(plan))
    world.script.write_text(json.dumps({"usd_per_call": 0.01, "agents": agents}))
    return world


def calls(world: World) -> list[tuple[int, int]]:
    """(round, turn) of every reply that the integrator got and that was paid for, in order."""
    return world.query(
        "SELECT json_extract(data, '$.round'), json_extract(data, '$.turn') FROM events WHERE type = 'model.called'"
        " AND agent = 't2/integrator' AND json_extract(data, '$.status') = 'ok' ORDER BY seq"
    )


def check_landed(world: World) -> None:
    assert git(world.repo, "show", f"devassist/{world.run_id}/result:README.md") == BOTH.rstrip("\n")
    problems = broken(world, listing=world.listing(), acknowledged={})
    assert problems == []
    told = world.query(
        "SELECT json_extract(data, '$.how') FROM events WHERE type = 'conflict.resolved'"
        " AND json_extract(data, '$.status') = 'resolved'"
    )
    assert told == [("agent",)]


def test_undisturbed_it_takes_its_turns_once(clash: World) -> None:
    assert clash.run().code == 0, clash.history[-1]
    assert calls(clash) == [(1, turn) for turn in range(1, TURNS + 1)]
    check_landed(clash)


POINTS = [
    ("llm.request", 3), ("llm.request", 5), ("llm.reply", 3), ("llm.reply", 6), ("tool.intent", 2),
    ("file.write", 2), ("tool.result", 3), ("tool.result", 5), ("tool.result", 6),
]  # fmt: skip


@pytest.mark.parametrize(
    ("point", "nth", "act"),
    [
        *((point, nth, "kill-supervisor") for point, nth in POINTS),
        *((point, nth, "kill-worker") for point, nth in POINTS[1::3]),
        ("tool.result", 6, "kill-worker"),
        ("llm.reply", 6, "kill-both"),
    ],
)
def test_killed_at_its_work_it_goes_on_and_pays_nothing_twice(
    clash: World, point: str, nth: int, act: str
) -> None:
    clash.run(f"{point}:{nth}:{program(clash.root, clash.repo, act)}")
    assert (clash.fired / point).exists()
    if act == "kill-worker":
        assert clash.history[-1].code == 0, clash.history[-1]
    else:
        assert clash.status() != "succeeded"
        assert clash.finish().code == 0, clash.history[-1]
    # Only a call whose reply nobody has recorded is sent again, and that is recorded as perhaps paid.
    assert calls(clash) == [(1, turn) for turn in range(1, TURNS + 1)]
    check_landed(clash)


@pytest.mark.parametrize("point", ["merge.intent", "target.ref", "merge.done"])
def test_killed_between_the_resolution_and_its_landing_nobody_is_asked_again(
    clash: World, point: str
) -> None:
    clash.run(f"{point}:2:{program(clash.root, clash.repo, 'kill-supervisor')}")
    assert (clash.fired / point).exists()
    assert clash.finish().code == 0, clash.history[-1]
    assert calls(clash) == [(1, turn) for turn in range(1, TURNS + 1)]
    check_landed(clash)


def test_where_its_worktree_is_gone_it_begins_anew_beside_what_is_recorded(clash: World) -> None:
    clash.run(f"tool.result:5:{program(clash.root, clash.repo, 'kill-supervisor')}")
    shutil.rmtree(next(clash.state.glob(f"*/{clash.run_id}/t2/integrator")))
    assert clash.finish().code == 0, clash.history[-1]
    paid = calls(clash)
    assert paid[:5] == [(1, turn) for turn in range(1, 6)]
    assert paid[5:] == [(2, turn) for turn in range(1, TURNS + 1)]
    check_landed(clash)


def test_its_question_parks_the_landing_and_the_answer_lets_it_go_on(clash: World) -> None:
    script = json.loads(clash.script.read_text())
    script["agents"]["t2/integrator"][0] = {"tools": [{"ask_human": {"question": "both?"}}]}
    clash.script.write_text(json.dumps(script))
    assert clash.run().code == WAITING, clash.history[-1]
    (item,) = clash.call("inbox", "--format", "json").json["items"]
    assert (item["question"], item["agent"]) == ("both?", "t2/integrator")
    assert clash.call("answer", item["id"], "yes, both").code == 0
    assert clash.resume().code == 0, clash.history[-1]
    assert calls(clash) == [(1, turn) for turn in range(1, TURNS + 1)]
    check_landed(clash)


def test_a_stop_leaves_the_attempt_for_the_resume(clash: World) -> None:
    clash.run(f"tool.result:5:{program(clash.root, clash.repo, 'term-supervisor')}")
    assert clash.status() == "stopped", clash.history[-1]
    assert clash.finish().code == 0, clash.history[-1]
    assert calls(clash) == [(1, turn) for turn in range(1, TURNS + 1)]
    check_landed(clash)


@pytest.fixture
def by_hand(tmp_path: Path, zygote: Zygote) -> World:
    """Two branches of a person's that end the same file differently, and an integrator for `conflicts resolve`."""
    world = World(tmp_path / "world", zygote)
    for name, text in (("adds", "Adds."), ("subtracts", "Subtracts.")):
        blob = git(world.repo, "hash-object", "-w", "--stdin", stdin=f"# pkg\n\n{text}\n".encode())
        git(world.repo, "branch", name)
        listed = git(world.repo, "ls-tree", "main").replace(
            git(world.repo, "rev-parse", "main:README.md"), blob
        )
        tree = git(world.repo, "mktree", stdin=f"{listed}\n".encode())
        made = git(world.repo, "commit-tree", tree, "-p", "main", "-m", text)
        git(world.repo, "update-ref", f"refs/heads/{name}", made)
    world.script.write_text(json.dumps({"usd_per_call": 0.01, "agents": {"resolve/integrator": INTEGRATOR}}))
    world.persons = world.belongings()
    return world


def test_a_resolve_by_agent_that_was_killed_is_resumed_and_pays_nothing_twice(by_hand: World) -> None:
    world = by_hand
    found = world.call("conflicts", "adds", "subtracts", "--format", "json")
    (id_,) = [one["id"] for one in found.json["conflicts"]]
    model = ("--agent", "--model", f"scripted/{world.script}")
    fault = f"tool.result:5:{program(world.root, world.repo, 'kill-supervisor')}"
    world.call("conflicts", "resolve", id_, *model, fault=fault)
    assert (world.fired / "tool.result").exists()
    assert world.status() == "stopped"
    done = world.resume()
    assert (done.code, done.json["status"], done.json["run"]) == (0, "resolved", world.run_id), done
    assert git(world.repo, "show", f"{done.json['commit']}:README.md") == BOTH.rstrip("\n")
    paid = world.query(
        "SELECT json_extract(data, '$.turn') FROM events WHERE type = 'model.called' ORDER BY seq"
    )
    assert paid == [(turn,) for turn in range(1, TURNS + 1)]
    assert world.status() == "succeeded"
    assert git(world.repo, "for-each-ref", "refs/devassist/rescue") == ""
    assert broken(world, listing=world.listing(), acknowledged={}) == []


def test_a_resolve_by_agent_is_not_gone_on_with_for_branches_that_moved(by_hand: World) -> None:
    world = by_hand
    found = world.call("conflicts", "adds", "subtracts", "--format", "json")
    (id_,) = [one["id"] for one in found.json["conflicts"]]
    fault = f"tool.result:5:{program(world.root, world.repo, 'kill-supervisor')}"
    world.call("conflicts", "resolve", id_, "--agent", "--model", f"scripted/{world.script}", fault=fault)
    tip = git(world.repo, "rev-parse", "adds")
    made = git(world.repo, "commit-tree", f"{tip}^{{tree}}", "-p", tip, "-m", "one more")
    git(world.repo, "update-ref", "refs/heads/adds", made)
    done = world.resume()
    assert (done.code, "is between other commits now" in done.err) == (USAGE, True), done
