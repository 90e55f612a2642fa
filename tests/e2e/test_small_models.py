"""Runs of models that call no tools: they are asked for text, and the harness makes the calls."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from support.command_line import Machine
from support.crewscript import plan, task
from support.openai_server import Reply, role_of, text_of

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
        asked = text_of(body["messages"][-1])
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
    assert "def double" in machine.git("show", f"{done.json['result_branch']}:calc/add.py")
    assert any("AssertionError" in asked for asked in typist.asked), "the failing output is shown"
    calls = [
        event["data"]["name"] for event in machine.events(done.json["run"], "tool.called", agent="one/coder")
    ]
    assert calls == [
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
