"""Runs against servers as strict as the real ones, also after kill -9."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from support.command_line import Machine
from support.crewscript import CrewScript, approve, plan, submit, task, tool, write
from support.openai_server import calls
from support.providers.openai import VLLM, DeepSeek, LlamaCpp, Mistral


def _thinking(reply: Any, thought: str) -> Any:
    return {**reply, "reasoning": thought, "content": f"So: {thought}"}


def _script() -> CrewScript:
    script = CrewScript()
    script.on(
        "ALPHA",
        "coder",
        _thinking(calls(("read_file", {"path": "calc.py"}), ("list_files", {})), "I look."),
        _thinking(write("a.txt", "one\n"), "I write."),
        "Now it is written.",
        submit(proves=[-1]),
    )
    script.on("ALPHA", "reviewer", _thinking(tool("show_diff"), "I review."), approve())
    return script


def _plan(machine: Machine) -> str:
    file = machine.root / "plan.json"
    file.write_text(json.dumps(plan(task("one", "ALPHA"))))
    return str(file)


def _run(machine: Machine, model: str, **env: str) -> Any:
    return machine.devassist("run", "--plan", _plan(machine), "--model", model, "--format", "json", **env)


def test_a_run_is_accepted_by_strict_servers(make_machine: Callable[..., Machine]) -> None:
    for provider, model, key in (
        (Mistral(), "mistral/mistral-medium-latest", "MISTRAL_API_KEY"),
        (LlamaCpp(), "openai/served", "OPENAI_API_KEY"),
        (VLLM(), "hosted_vllm/served", "HOSTED_VLLM_API_KEY"),
    ):
        machine = make_machine(script=_script())
        machine.server.provider = provider
        env = {key: "k" * 20, "DEVASSIST_MODEL_API_BASE": machine.server.url}
        done = _run(machine, model, **env)
        assert done.code == 0, (model, done)
        assert machine.server.refusals == []
        assert not [warning for warning in done.json["warnings"] if "window" in warning]


def test_reasoning_outlives_kill_9(make_machine: Callable[..., Machine]) -> None:
    """The coder's worker is killed when its third reply has come: the next goes on from the log."""
    machine = make_machine(script=_script())
    machine.server.provider = DeepSeek()
    fired = machine.root / "fired"
    fired.mkdir()
    env = {
        "DEEPSEEK_API_KEY": "k" * 20,
        "DEVASSIST_MODEL_API_BASE": machine.server.url,
        "DEVASSIST_TEST_FAILPOINTS_ENABLED": "1",
        "DEVASSIST_FAILPOINTS": "llm.reply:3:kill",
        "DEVASSIST_FAILPOINTS_FIRED": str(fired),
    }
    done = _run(machine, "deepseek/deepseek-v4-pro", **env)
    assert list(fired.iterdir())
    if done.code:
        done = machine.devassist("resume", done.json["run"], "--format", "json", **env)
    assert done.code == 0, done
    assert machine.server.refusals == []
    sent = [body["messages"] for body in machine.server.requests]
    again = next(
        messages for messages in sent if sent.count(messages) == 2
    )  # the third request, by both workers
    thoughts = [message["reasoning_content"] for message in again if message["role"] == "assistant"]
    assert thoughts == ["I look.", "I write."]
