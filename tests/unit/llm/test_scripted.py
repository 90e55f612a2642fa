"""Scripts: which step is played, what is filled in, and what is said of a script that is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from devassist.assignments import CallAddress
from devassist.domain.errors import ModelError, UsageError
from devassist.llm.scripted import ScriptedClient, load_script
from devassist.ports import ModelRequest

SCRIPT = """
model: scripted/demo
usd_per_call: 0.01
agents:
  plan/researcher:
    - tools: [{list_files: {path: "."}}, {read_file: {path: README.md}}]
    - say: thinking
      tools: [{submit_brief: {summary: s, findings: ["{{evidence:-2}} and {{ evidence }}"], confidence: 0.9}}]
  t1/coder:
    1:
      - say: first round
    2:
      - say: second round
      - tools: [{run_checks: null}, {broken: "{not json"}]
      - error: {kind: rate_limit, message: slow down, retryable: true, retry_after_s: 2, times: 2}
        say: at last
      - sleep_s: 1.5
        error: {kind: auth, message: denied}
"""


@pytest.fixture
def client(tmp_path: Path) -> ScriptedClient:
    path = tmp_path / "script.yaml"
    path.write_text(SCRIPT)
    return ScriptedClient(load_script(path), sleep=lambda _s: None)


def ask(client, task, role, round_, turn, messages=()):
    address = CallAddress(task=task, role=role, round=round_, turn=turn)
    return client.attempt(ModelRequest(model="scripted/demo", messages=messages, address=address))


def test_steps_follow_task_role_round_and_turn(client) -> None:
    assert ask(client, "t1", "coder", 1, 1).content == "first round"
    assert ask(client, "t1", "coder", 2, 1).content == "second round"
    names = [call.name for call in ask(client, "plan", "researcher", 1, 1).tool_calls]
    assert names == ["list_files", "read_file"]
    # A plain list serves every round.
    assert ask(client, "plan", "researcher", 7, 1).tool_calls


def test_evidence_is_filled_in_from_the_tools_results(client) -> None:
    messages = [
        {"role": "user", "content": "evidence: not-a-tool"},
        {"role": "tool", "tool_call_id": "1", "content": "out\nevidence: e_1"},
        {"role": "tool", "tool_call_id": "2", "content": "evidence: e-2\n"},
    ]
    reply = ask(client, "plan", "researcher", 1, 2, messages)
    assert json.loads(reply.tool_calls[0].arguments)["findings"] == ["e_1 and e-2"]
    assert (reply.content, reply.usd) == ("thinking", 0.01)
    assert reply.input_tokens > 0


def test_missing_evidence_is_the_scripts_error(client) -> None:
    with pytest.raises(ModelError, match="plan/researcher/1/2") as caught:
        ask(client, "plan", "researcher", 1, 2)
    assert caught.value.kind == "config"


def test_arguments_may_be_missing_or_broken_on_purpose(client) -> None:
    calls = ask(client, "t1", "coder", 2, 2).tool_calls
    assert [call.arguments for call in calls] == ["{}", "{not json"]
    assert len({call.id for call in calls}) == 2


def test_errors_come_as_often_as_told(client) -> None:
    for _ in range(2):
        with pytest.raises(ModelError, match="slow down") as caught:
            ask(client, "t1", "coder", 2, 3)
        assert (caught.value.retryable, caught.value.retry_after_s) == (True, 2)
    assert ask(client, "t1", "coder", 2, 3).content == "at last"
    for _ in range(3):
        with pytest.raises(ModelError, match="denied"):
            ask(client, "t1", "coder", 2, 4)


@pytest.mark.parametrize(
    "address", [("t1", "coder", 1, 2), ("t1", "coder", 3, 1), ("t9", "x", 1, 1), ("t1", "coder", 1, 0)]
)
def test_past_the_end_the_address_is_named(client, address) -> None:
    with pytest.raises(ModelError, match="/".join(map(str, address))) as caught:
        ask(client, *address)
    assert (caught.value.kind, caught.value.retryable) == ("config", False)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[1]", "mapping"),
        ("a: {", "YAML"),
        ("agent: {}", "unknown key 'agent'"),
        ("agents: {t/c: 3}", "t/c"),
        ("agents: {t/c: [{said: x}]}", "turn 1"),
        ("agents: {t/c: [{sleep_s: 1}]}", "turn 1"),
        ("agents: {t/c: {1: [{tools: {a: 1}}]}}", "turn 1, tools"),
        ("agents: {t/c: {one: [{say: x}]}}", "round"),
        ("agents: {t/c: [{tools: [{f: 3}]}]}", "tool f"),
        ("agents: {t/c: [{error: {what: x}}]}", "error"),
        ("usd_per_call: -1", "usd_per_call"),
    ],
)
def test_a_wrong_script_is_told_by_file_and_place(tmp_path: Path, text: str, place: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        load_script(path)
    assert place in str(caught.value)
    assert "wrong.yaml" in str(caught.value)
    assert caught.value.hint


def test_a_missing_script_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.yaml"):
        load_script(tmp_path / "nowhere.yaml")
