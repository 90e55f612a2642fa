"""Runs of models that call no tools: they are asked for text, and the harness makes the calls."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from support.command_line import Machine
from support.crewscript import plan, task
from support.openai_server import Reply, calls, failure, role_of, text_of

_GOOD = "calc/add.py\n```python\ndef add(a, b):\n    return a + b\n\n\ndef double(a):\n    return add(a, a)\n```\n"
_BAD = "calc/add.py\n```python\ndef double(a):\n    return a\n```\n"
_CHECK = "python -c 'from calc.add import double; assert double(2) == 4, double(2)'"
_APPROVES = json.dumps({"verdict": "approve", "summary": "it is right", "findings": []})


def _chosen(*paths: str) -> str:
    return json.dumps({"change": list(paths), "create": [], "summary": "Add double"})


def _schema(body: Mapping[str, Any]) -> Mapping[str, Any]:
    schema: Mapping[str, Any] = body.get("response_format", {}).get("json_schema", {}).get("schema", {})
    return schema


class Typist:
    """A model that writes text: `code` is what it answers to the questions for code, in order; the last again."""

    def __init__(self, *code: Reply, chosen: Reply = "", verdict: Reply = _APPROVES) -> None:
        self.code = list(code)
        self.chosen = chosen or _chosen("calc/add.py")
        self.verdict = verdict
        self.asked: list[str] = []

    def __call__(self, body: dict[str, Any], n: int) -> Reply:
        asked = "\n\n".join(text_of(message) for message in body["messages"][1:])
        self.asked.append(asked)
        if role_of(body) == "reviewer":
            return self.verdict
        if role_of(body) == "orchestrator":
            return json.dumps({"title": "Add double", "role": "coder"})
        if "Answer with a JSON object" in asked:
            return self.chosen
        return self.code.pop(0) if len(self.code) > 1 else self.code[0]


def _machine(make: Callable[..., Machine], script: Any, protocol: str = "text") -> Machine:
    return make(script=script, extra={"DEVASSIST_MODEL_PROTOCOL": protocol} if protocol else {})


_TASK = task("one", "add a function double", tester=False, checks=[_CHECK])


def test_a_function_that_passes_the_checks_lands(make_machine: Callable[..., Machine]) -> None:
    typist = Typist(_BAD, "I would change the function.", _GOOD)
    machine = _machine(make_machine, typist)
    done = machine.run(plan(_TASK))
    assert done.code == 0, done
    assert done.task("one")["status"] == "merged"
    assert done.task("one")["claims"]["verified"] == 1
    assert "def double" in machine.git("show", f"{done.json['result_branch']}:calc/add.py")
    assert any("AssertionError" in asked for asked in typist.asked), "the failing output is shown"
    made = [
        event["data"]["name"] for event in machine.events(done.json["run"], "tool.called", agent="one/coder")
    ]
    assert made == [
        "list_files",
        "read_file",
        *("write_file", "run_checks") * 2,
        "submit_work",
    ]
    assert [tools for body in machine.server.requests if (tools := body.get("tools"))] == []


def test_four_tries_that_fail_are_an_honest_end(make_machine: Callable[..., Machine]) -> None:
    bad = [_BAD.replace("return a\n", f"return a + {number}\n") for number in range(3, 8)]
    machine = _machine(make_machine, Typist(*bad))
    done = machine.run(plan(_TASK))
    assert done.code == 1, done
    one = done.task("one")
    assert one["status"] == "failed"
    assert "4 tries" in one["error"]
    assert "0 of 1 checks passed" in one["error"]
    assert done.json["result_commit"] is None


def test_a_server_that_ignores_tools_is_asked_for_a_dummy_call_once_and_remembered(
    make_machine: Callable[..., Machine],
) -> None:
    typist = Typist(_GOOD)
    machine = _machine(make_machine, typist, "")
    reviewed = plan({**_TASK, "review": True})
    done = machine.run(reviewed)
    assert done.code == 0, done
    probes = [body for body in machine.server.requests if _is_probe(body)]
    assert len(probes) == 1
    assert len([body for body in machine.server.requests if body.get("tools")]) == 3, (
        "two replies, then the dummy"
    )
    assert len(machine.events(done.json["run"], "model.called")) == len(machine.server.requests)
    (decision,) = [
        event["data"]
        for event in machine.events(done.json["run"], "decision.made", agent="one/coder")
        if event["data"]["choice"] == "text"
    ]
    assert "dummy tool call" in decision["reason"]
    (file,) = (machine.state / "protocols").iterdir()
    known = json.loads(file.read_text())
    assert (known["server"], known["model"], known["protocol"]) == (
        machine.server.url,
        "openai/test-model",
        "text",
    )
    before = len(machine.server.requests)
    again = machine.run(reviewed)
    assert again.code == 0, again
    assert [body for body in machine.server.requests[before:] if body.get("tools")] == []


def _is_probe(body: Mapping[str, Any]) -> bool:
    return [tool["function"]["name"] for tool in body.get("tools", ())] == ["ready"]


def test_a_model_that_calls_the_dummy_is_not_taken_for_one_that_cannot(
    make_machine: Callable[..., Machine],
) -> None:
    def script(body: dict[str, Any], n: int) -> Reply:
        return calls(("ready", {"ok": True})) if _is_probe(body) else "I have nothing to say."

    machine = _machine(make_machine, script, "")
    done = machine.run(plan(_TASK))
    assert done.code == 1, done
    assert "made no tool call at all" in done.task("one")["error"]
    assert len(machine.server.requests) == 3
    assert [body for body in machine.server.requests if body.get("response_format")] == []


def test_nobody_is_probed_who_calls_tools_or_whose_calls_are_paid_for(
    make_machine: Callable[..., Machine],
) -> None:
    machine = _machine(make_machine, Typist(_GOOD), "")
    done = machine.run(plan(_TASK), "--model", "openai/gpt-5.2", DEVASSIST_LIMITS_MAX_USD="0")
    assert done.code == 1, done
    assert [body for body in machine.server.requests if _is_probe(body) or not body.get("tools")] == []


def test_a_server_that_refuses_tools_is_asked_in_text(make_machine: Callable[..., Machine]) -> None:
    typist = Typist(_GOOD)

    def script(body: dict[str, Any], n: int) -> Reply:
        return failure(400, "test-model does not support tools") if body.get("tools") else typist(body, n)

    done = _machine(make_machine, script, "").run(plan(_TASK))
    assert done.code == 0, done


def test_a_window_that_is_too_short_for_the_tools_is_used_for_text(
    make_machine: Callable[..., Machine],
) -> None:
    typist = Typist(_GOOD)

    def script(body: dict[str, Any], n: int) -> Reply:
        too_long = len(json.dumps([body["messages"], body.get("tools")])) > 5_000
        return failure(400, "the request exceeds the context length of 2048") if too_long else typist(body, n)

    machine = _machine(make_machine, script, "")
    machine.config("[model.params]\ncontext_window = 2048\n")
    done = machine.run(plan(_TASK))
    assert done.code == 0, done
    assert not [body for body in machine.server.requests if _is_probe(body)]


def test_what_is_whole_of_an_answer_that_is_cut_off_is_tried(make_machine: Callable[..., Machine]) -> None:
    looping = {"content": f"{_GOOD}Once more:\n```python\ndef dou", "finish_reason": "length"}
    done = _machine(make_machine, Typist(looping)).run(plan(_TASK))
    assert done.code == 0, done


@pytest.mark.parametrize("protocol", ["text", "auto"])
def test_a_whole_goal_is_planned_done_and_reviewed(
    make_machine: Callable[..., Machine], protocol: str
) -> None:
    machine = _machine(make_machine, Typist(_GOOD), protocol)
    machine.config(f"[checks]\ncommands = [{json.dumps(_CHECK)}]\n")
    goal = "Add a function double to calc/add.py"
    done = machine.devassist("run", goal, "--model", "openai/test-model", "--format", "json")
    assert done.code == 0, done
    (one,) = done.json["tasks"]
    assert (one["status"], one["title"]) == ("merged", "Add double")
    assert [agent["role"] for agent in one["agents"]] == ["coder", "reviewer"]
    assert any(goal in asked for asked in machine.server.script.asked)


def test_a_review_that_asks_for_changes_has_the_coder_go_on(make_machine: Callable[..., Machine]) -> None:
    asks = {
        "verdict": "request_changes",
        "summary": "no docstring",
        "findings": [{"path": "calc/add.py", "comment": "say what it does"}],
    }
    typist = Typist(_GOOD, _GOOD.replace("double(a):\n", 'double(a):\n    """Twice a."""\n'))
    verdicts = [json.dumps(asks), _APPROVES]

    def script(body: dict[str, Any], n: int) -> Reply:
        typist.verdict = verdicts[0]
        if role_of(body) == "reviewer" and len(verdicts) > 1:
            return verdicts.pop(0)
        return typist(body, n)

    machine = _machine(make_machine, script)
    done = machine.run(plan({**_TASK, "review": True}))
    assert done.code == 0, done
    assert done.task("one")["rounds"] == 2
    assert '"""Twice a."""' in machine.git("show", f"{done.json['result_branch']}:calc/add.py")
    second = [asked for asked in typist.asked if "say what it does" in asked]
    assert second
    assert all("add a function double" in asked for asked in second), "the instructions are still there"


def test_a_server_without_schemas_and_broken_json_are_put_up_with(
    make_machine: Callable[..., Machine],
) -> None:
    typist = Typist(_GOOD)
    chosen = ['{"change": ["calc/add.py"', "No.", f"Here: {_chosen('calc/add.py')}"]

    def script(body: dict[str, Any], n: int) -> Reply:
        kind = body.get("response_format", {}).get("type", "")
        if kind:
            return failure(400, f"response_format {kind} is not supported")
        asks = role_of(body) == "coder" and "Answer with a JSON object" in text_of(body["messages"][-1])
        return chosen.pop(0) if asks else typist(body, n)

    machine = _machine(make_machine, script)
    done = machine.run(plan(_TASK))
    assert done.code == 0, done
    formats = [body.get("response_format", {}).get("type", "") for body in machine.server.requests]
    assert formats[:3] == ["json_schema", "json_object", ""]
    assert "json_object" not in formats[3:]


def test_a_model_that_says_the_same_for_ever_ends(make_machine: Callable[..., Machine]) -> None:
    for reply in ("word " * 200, {"content": "word " * 200, "finish_reason": "length"}):
        machine = _machine(make_machine, lambda _body, _n, reply=reply: reply, "")
        done = machine.run(plan(_TASK))
        assert done.code == 1, done
        assert "ended without submit_work" in done.task("one")["error"]
        assert len(machine.server.requests) <= 8


def test_calls_that_are_written_as_text_are_made(make_machine: Callable[..., Machine]) -> None:
    replies = [
        ("write_file", {"path": "calc/twice.py", "content": "def twice(a):\n    return 2 * a\n"}),
        ("submit_work", {"summary": "add twice", "confidence": 0.9}),
    ]

    def script(body: dict[str, Any], n: int) -> Reply:
        name, arguments = replies[n]
        return f"I do it.\n<tool_call>\n{json.dumps({'name': name, 'arguments': arguments})}\n</tool_call>"

    machine = _machine(make_machine, script, "")
    done = machine.run(plan(task("one", "add twice", tester=False, review=False)))
    assert done.code == 0, done
    assert "def twice" in machine.git("show", f"{done.json['result_branch']}:calc/twice.py")
    second = machine.server.requests[1]["messages"]
    assert second[-1]["role"] == "tool"


def test_a_run_in_text_goes_on_after_kill_9(make_machine: Callable[..., Machine]) -> None:
    typist = Typist(_BAD, _GOOD)
    machine = _machine(make_machine, typist, "")
    fired = machine.root / "fired"
    fired.mkdir()
    env = {
        "DEVASSIST_TEST_FAILPOINTS_ENABLED": "1",
        "DEVASSIST_FAILPOINTS": "llm.reply:6:kill",
        "DEVASSIST_FAILPOINTS_FIRED": str(fired),
    }
    done = machine.run(plan(_TASK), **env)
    assert list(fired.iterdir())
    if done.code:
        done = machine.devassist("resume", done.json["run"], "--format", "json", **env)
    assert done.code == 0, done
    sent = [json.dumps(body["messages"]) for body in machine.server.requests]
    assert len(sent) - len(set(sent)) == 1, "only the request whose reply was lost is sent again"
    assert machine.events(done.json["run"], "recovery.diverged") == []
    decided = machine.events(done.json["run"], "decision.made", agent="one/coder")
    assert sum(event["data"]["choice"] == "text" for event in decided) == 1


def test_nothing_is_written_outside_the_scope(make_machine: Callable[..., Machine]) -> None:
    machine = _machine(make_machine, Typist(_GOOD))
    done = machine.run(plan({**_TASK, "scope": ["docs/**"]}))
    assert done.code == 1, done
    assert done.json["result_commit"] is None
    assert "scope" in done.task("one")["error"] or "no JSON object" in done.task("one")["error"]


def test_a_run_in_text_is_replayed_from_its_cassette(make_machine: Callable[..., Machine]) -> None:
    machine = _machine(make_machine, Typist(_BAD, _GOOD))
    cassette = str(machine.root / "cassette.jsonl")
    recorded = machine.run(plan(_TASK), "--record", cassette)
    asked = len(machine.server.requests)
    replayed = machine.run(plan(_TASK), "--replay", cassette)
    assert (recorded.code, replayed.code) == (0, 0), replayed
    assert len(machine.server.requests) == asked
