"""Money, tokens, turns and time: the next call is refused, the run exits with four, and partial work is kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from support.command_line import Machine
from support.crewscript import CrewScript, Forever, Turn, plan, submit, task, tool, write
from support.openai_server import Reply, hang
from support.repos import tree_files


def _busy(turn: Turn) -> Reply:
    return tool("write_file", path=f"made/{turn.step}.txt", content=f"{turn.step}\n")


def _ended(machine: Machine, name: str) -> bool:
    return bool(machine.query("SELECT 1 FROM events WHERE type = 'task.finished' AND task = ?", name))


DEAR = {"prompt_tokens": 100_000, "completion_tokens": 10_000, "total_tokens": 110_000}


@pytest.mark.parametrize(
    ("options", "usage", "word"),
    [
        (["--max-turns-per-agent", "4"], None, "turn"),
        (["--max-tokens", "500"], None, "tokens"),
        (["--max-usd", "0.05", "--model", "openai/gpt-4o-mini"], DEAR, "USD"),
        (["--max-minutes", "30"], None, "minutes"),
    ],
    ids=["turns", "tokens", "money", "time"],
)
def test_a_limit_refuses_the_next_call_and_keeps_the_work(
    make_machine: Callable[..., Machine], options: list[str], usage: dict[str, Any] | None, word: str
) -> None:
    script = CrewScript()
    script.on("ALPHA", "coder", Forever(_busy))
    machine = make_machine(script=script)

    def quick(_turn: Turn) -> Reply:
        end = time.monotonic() + 30
        while word == "turn" and not _ended(machine, "endless") and time.monotonic() < end:
            time.sleep(0.05)
        return tool("write_file", path="docs/quick.md", content="quick\n")

    script.on("BRAVO", "documenter", quick, submit(proves=[0]))
    if word == "minutes":
        machine.late = machine.root / "an-hour-later"
        plain_script = machine.server.script

        def slow(body: dict[str, Any], n: int) -> Reply:
            if len(script.of("ALPHA", "coder")) == 2 and machine.late is not None:
                machine.late.touch()
            return plain_script(body, n)

        machine.server.script = slow
    if usage is not None:
        plain = machine.server.script
        machine.server.script = lambda body, n: {**plain(body, n), "usage": usage}  # type: ignore[dict-item]
    done = machine.run(
        plan(task("endless", "ALPHA", review=False), task("quick", "BRAVO", role="documenter", review=False)),
        *options,
    )
    document = done.json
    assert done.code == 4, done
    assert (document["status"], document["exit_code"]) == ("limited", 4)
    assert word in str(document.get("error")) + done.err + str([one["error"] for one in document["tasks"]])
    assert done.task("endless")["status"] in ("stopped", "failed")
    assert len(machine.server.requests) < 40
    run = document["run"]
    kept = machine.git("ls-tree", "--name-only", f"refs/devassist/rescue/{run}/endless/coder", "made/")
    assert "made/0.txt" in kept
    reasons = [
        one["data"] for one in machine.events(run, "decision.made") if one["data"]["choice"] == "refuse"
    ]
    assert reasons
    assert reasons[0]["who"] == "policy"
    if word == "turn":
        assert len(script.of("ALPHA", "coder")) == 4
        assert done.task("quick")["status"] == "merged"
    if word == "tokens":
        assert document["usage"]["input_tokens"] + document["usage"]["output_tokens"] <= 500 + 2 * 110
    if word == "USD":
        # 0.15 per million in and 0.60 per million out: 0.021 a call.
        assert document["usage"]["usd"] == pytest.approx(0.021 * document["usage"]["model_calls"], rel=0.01)
        assert 0.05 <= document["usage"]["usd"] <= 0.12


def test_a_model_that_never_answers_does_not_outlast_the_time(make_machine: Callable[..., Machine]) -> None:
    machine = make_machine(script=CrewScript().on("ALPHA", "coder", lambda _turn: hang(3600)))
    done = machine.run(plan(task("endless", "ALPHA", review=False)), "--max-minutes", "0.05")
    assert done.code == 4, done
    assert "0.05 minutes" in done.err + str(done.json)


def test_max_parallel_and_max_rounds_are_held(make_machine: Callable[..., Machine]) -> None:
    script = CrewScript()
    for name in "abcd":
        script.on(f"CASE-{name}.", "coder", write(f"made/{name}", "x\n"), submit())
    verdict = tool(
        "submit_review", verdict="request_changes", summary="never enough", confidence=0.9, findings=[]
    )
    script.on("ALPHA", "documenter", _busy_in_round, submit())
    script.on("ALPHA", "reviewer", tool("show_diff"), verdict)
    machine = make_machine(script=script)
    machine.server.delay = 0.2
    machine.config("[limits]\nmax_rounds = 2\n")
    quick = [task(name, f"CASE-{name}.", review=False) for name in "abcd"]
    done = machine.run(plan(task("picky", "ALPHA", role="documenter"), *quick), "--max-parallel", "2")
    assert done.code == 1, done
    assert machine.server.max_in_flight == 2
    found = done.task("picky")
    assert (found["status"], found["rounds"]) == ("failed", 2)
    assert "never enough" in found["error"]
    landed = tree_files(machine.repo, done.json["result_commit"])
    assert [path for path in landed if path.startswith("made/")] == [f"made/{name}" for name in "abcd"]


def _busy_in_round(turn: Turn) -> Reply:
    return write(f"made/round-{turn.round}.txt", "x\n")
