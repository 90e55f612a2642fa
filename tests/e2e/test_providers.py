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


def test_parameters_and_prices_of_the_configuration_count(make_machine: Callable[..., Machine]) -> None:
    machine = make_machine(script=_script())
    (machine.repo / ".devassist.toml").write_text(
        "[model.params]\ntemperature = 0.25\n"
        "[model.role_params.coder]\nseed = 3\nmax_tokens = 777\n"
        '[model.prices]\n"openai/test-model" = { input = 1000, output = 5000, cache_read = 100 }\n'
    )
    config = machine.home / ".config" / "devassist" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('[model.params]\nextra_headers = { X-Team = "$TEAM" }\n[model.role_params]\n')
    machine.server.script = lambda body, n: _cached(machine.script(body, n))
    done = _run(machine, "openai/test-model", TEAM="agents-of-ours")
    assert done.code == 0, done
    by_role = {
        ("coder" if "You are coder" in str(body["messages"][0]) else "other"): body
        for body in machine.server.requests
    }
    assert (by_role["coder"]["temperature"], by_role["coder"]["seed"], by_role["coder"]["max_tokens"]) == (
        0.25,
        3,
        777,
    )
    assert by_role["other"]["temperature"] == 0.25
    assert "seed" not in by_role["other"]
    usage = done.json["usage"]
    calls_made = usage["model_calls"]
    assert usage["cached_input_tokens"] == 40 * calls_made
    assert abs(usage["usd"] - calls_made * (60 * 1000 + 40 * 100 + 10 * 5000) / 1e6) < 1e-6
    assert machine.query("SELECT SUM(cached_input_tokens) FROM costs") == [(40 * calls_made,)]
    assert {headers.get("x-team") for headers in machine.server.headers} == {"agents-of-ours"}
    assert "agents-of-ours" not in str(machine.events(done.json["run"]))


def _cached(reply: Any) -> Any:
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "prompt_tokens_details": {"cached_tokens": 40}}
    return {**(reply if isinstance(reply, dict) else {"content": reply}), "usage": usage}


def test_a_price_of_the_configuration_makes_a_limit_hold(make_machine: Callable[..., Machine]) -> None:
    machine = make_machine(script=_script())
    (machine.repo / ".devassist.toml").write_text(
        '[model.prices]\n"openai/test-model" = { input = 1000, output = 1000 }\n'
    )
    file = _plan(machine)
    done = machine.devassist(
        "run", "--plan", file, "--model", "openai/test-model", "--max-usd", "0.15", "--format", "json"
    )
    assert (done.code, done.json["status"]) == (4, "limited")
    assert done.json["usage"]["model_calls"] == 2
