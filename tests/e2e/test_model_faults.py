"""What a provider does wrong, through the real litellm path: ended with a name, or got over."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from support.command_line import KEY, Done, Machine
from support.crewscript import CrewScript, Failing, Step, Turn, plan, submit, task, write
from support.openai_server import Reply, cut, failure, garbage, hang


def _one(*, review: bool = False) -> dict[str, Any]:
    return plan(task("only", "ALPHA", review=review))


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (failure(401, f"Incorrect API key provided: {KEY}."), ["OPENAI_API_KEY"]),
        (failure(404, "The model `test-model` does not exist"), ["test-model", "not found"]),
        (failure(400, "test-model does not support tools"), ["test-model", "tool calling"]),
    ],
    ids=["wrong key", "unknown model", "model without tool calling"],
)
def test_an_error_that_waiting_does_not_mend_ends_the_run_with_five(
    machine: Machine, script: CrewScript, fault: Reply, words: list[str]
) -> None:
    script.on("ALPHA", "coder", write("kept.txt", "kept\n"), fault)
    done = machine.run(_one())
    assert done.code == 5, done
    assert done.json["exit_code"] == 5
    assert done.json["status"] == "failed"
    assert done.json["result_commit"] is None
    assert len(machine.server.requests) == 2
    for word in words:
        assert word in done.err + done.out, done
    _key_is_nowhere(machine, done)


def _key_is_nowhere(machine: Machine, done: Done) -> None:
    assert KEY not in done.out + done.err
    places = [machine.repo / ".git" / "devassist", machine.state, machine.home]
    files = [file for place in places for file in place.rglob("*") if file.is_file()]
    assert len(files) > 2
    assert [file for file in files if KEY.encode() in file.read_bytes()] == []
    assert KEY not in str(machine.events(done.json["run"]))


def test_without_any_model_the_three_ways_to_name_one_are_said(machine: Machine) -> None:
    asked = len(machine.server.requests)
    done = machine.devassist("run", "a goal", "--format", "json", OPENAI_API_KEY=None, OPENAI_API_BASE=None)
    assert done.code == 5, done
    assert done.err.startswith("error: ")
    for word in ("--model", "API_KEY", "11434"):
        assert word in done.err, done.err
    assert len(machine.server.requests) == asked
    assert machine.git("for-each-ref", "refs/heads/devassist") == ""


def test_an_unreachable_endpoint_ends_the_run_with_five(machine: Machine) -> None:
    machine.config("[model]\nmax_retries = 1\n")
    done = machine.run(_one(), OPENAI_API_BASE="http://127.0.0.1:9/v1")
    assert done.code == 5, done
    assert "127.0.0.1:9" in done.err + done.out


class Moments:
    """A fault that remembers when it was met and when the next request came."""

    def __init__(self, *faults: Reply, then: Step) -> None:
        self.inner = Failing(*faults, then=then)
        self.times: list[float] = []

    def __call__(self, turn: Turn) -> Reply:
        self.times.append(time.monotonic())
        return self.inner(turn)


def test_faults_that_pass_are_waited_for_and_every_request_is_logged(
    make_machine: Callable[..., Machine],
) -> None:
    script = CrewScript()
    limited = Moments(failure(429, "slow down", headers={"retry-after": "3"}), then=submit(proves=[0]))
    slow = Moments(hang(30), then=submit(proves=[0]))
    cases: dict[str, Step] = {
        "limited": limited,
        "broken": Failing(failure(500), failure(503), then=submit(proves=[0])),
        "slow": slow,
        "cut": Failing(cut(), then=submit(proves=[0])),
        "garbage": Failing(garbage(), garbage("<html>bad gateway</html>"), then=submit(proves=[0])),
        "no-choices": Failing(
            garbage('{"id": "x", "object": "chat.completion", "choices": []}'), then=submit(proves=[0])
        ),
    }
    for name, step in cases.items():
        script.on(f"CASE-{name}.", "coder", write(f"made/{name}.txt", "x\n"), step)
    machine = make_machine(script=script)
    machine.config("[model]\ntimeout_s = 2.0\n")
    tasks = [task(name, f"CASE-{name}.", review=False) for name in cases]
    done = machine.run(plan(*tasks), "--max-parallel", "6")
    assert done.code == 0, done
    assert script.missing == []
    assert {one["status"] for one in done.json["tasks"]} == {"merged"}
    assert 3.0 <= limited.times[1] - limited.times[0] < 12
    assert slow.times[1] - slow.times[0] < 15
    calls = machine.query("SELECT status, attempt, task FROM model_calls")
    assert len(calls) == len(machine.server.requests)
    assert sum(1 for status, _, _ in calls if status != "ok") == 8
    assert {name for status, _, name in calls if status != "ok"} == set(cases)


def test_an_outage_that_does_not_end_fails_with_five_and_keeps_the_work(
    machine: Machine, script: CrewScript
) -> None:
    machine.config("[model]\nmax_retries = 1\n")
    script.on("ALPHA", "coder", write("kept.txt", "kept\n"), Failing(*[failure(500)] * 9, then="x"))
    done = machine.run(_one())
    assert done.code == 5, done
    assert len(machine.server.requests) == 3
    run = done.json["run"]
    assert machine.git("show", f"refs/devassist/rescue/{run}/only/coder:kept.txt") == "kept"


def test_a_fallback_model_takes_over(machine: Machine, script: CrewScript) -> None:
    machine.config('[model]\nmax_retries = 0\nfallbacks = ["openai/spare-model"]\n')

    def picky(turn: Turn) -> Reply:
        if turn.body["model"] == "test-model":
            return failure(500)
        return submit(proves=[0])(turn) if turn.step else write("made.txt", "x\n")

    script.on("ALPHA", "coder", picky, picky)
    done = machine.run(_one())
    assert done.code == 0, done
    assert {body["model"] for body in machine.server.requests} == {"test-model", "spare-model"}
    assert done.json["usage"]["model_calls"] == len(machine.server.requests) == 4
