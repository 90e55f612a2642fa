"""What every ModelClient keeps: the scripted, the replaying and the real one, against a server on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from devassist.assignments import CallAddress
from devassist.domain.errors import ModelError
from devassist.domain.events import EventType, Record
from devassist.domain.settings import ModelSettings
from devassist.llm.cassette import CassetteWriter, ReplayClient
from devassist.llm.litellm_gateway import LiteLLMClient
from devassist.llm.scripted import ScriptedClient
from devassist.ports import ModelClient, ModelReply, ModelRequest
from support.facts import event as event_of
from support.openai_server import OpenAIServer, calls, failure

TURNS = {
    1: {"say": "hello"},
    2: {"tools": [{"read_file": {"path": "a.py"}}]},
    3: {"say": "both", "tools": [{"read_file": {"path": "a.py"}}, {"run_checks": {}}]},
}
TOOLS = tuple(
    {
        "type": "function",
        "function": {"name": name, "description": name, "parameters": {"type": "object", "properties": {}}},
    }
    for name in ("read_file", "run_checks")
)


def request(turn: int) -> ModelRequest:
    address = CallAddress(task="t1", role="coder", round=1, turn=turn)
    messages = [{"role": "system", "content": "You are coder."}, {"role": "user", "content": f"turn {turn}"}]
    return ModelRequest(model="openai/m", messages=messages, tools=TOOLS, address=address)


def scripted() -> ScriptedClient:
    return ScriptedClient({"agents": {"t1/coder": list(TURNS.values())}})


def replaying(tmp_path: Path) -> ReplayClient:
    path = tmp_path / "cassette.jsonl"
    with CassetteWriter(path) as writer:
        for turn in TURNS:
            asked = request(turn)
            reply = scripted().attempt(asked)
            said = [
                {"id": call.id, "name": call.name, "arguments": call.arguments} for call in reply.tool_calls
            ]
            data = {
                "status": "ok",
                "role": "coder",
                "round": 1,
                "turn": turn,
                "model": "openai/m",
                "messages": asked.messages,
                "tools": asked.tools,
                "reply": {"content": reply.content, "tool_calls": said, "finish_reason": reply.finish_reason},
                "input_tokens": reply.input_tokens,
                "output_tokens": reply.output_tokens,
                "usd": None,
            }
            event = event_of(
                EventType.MODEL_CALLED, run="old-run-0001", task="t1", agent="t1/coder", data=data
            )
            writer.write(Record(seq=turn, at="", event=event))
    return ReplayClient(path, "new-run-0002")


def answer(body, _n):
    turn = int(body["messages"][-1]["content"].removeprefix("turn "))
    step = TURNS.get(turn)
    if step is None:
        return failure(404, "no such turn")
    pairs = [pair for call in step.get("tools", []) for pair in call.items()]
    return calls(*pairs, content=step.get("say"))


@pytest.fixture(params=["scripted", "replaying", "litellm"])
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ModelClient]:
    if request.param == "scripted":
        yield scripted()
    elif request.param == "replaying":
        yield replaying(tmp_path)
    else:
        with OpenAIServer(answer) as server:
            yield LiteLLMClient(ModelSettings(api_base=server.url), env={})
            assert server.script_errors == []


def check_sound(reply: ModelReply) -> None:
    assert reply.input_tokens >= 0
    assert reply.output_tokens >= 0
    assert reply.usd is None or reply.usd >= 0
    assert reply.model
    assert reply.response_id
    ids = [call.id for call in reply.tool_calls]
    assert all(ids)
    assert len(set(ids)) == len(ids)


def test_a_text_reply(client: ModelClient) -> None:
    reply = client.attempt(request(1))
    check_sound(reply)
    assert (reply.content, list(reply.tool_calls), reply.finish_reason) == ("hello", [], "stop")


def test_a_tool_call_reply(client: ModelClient) -> None:
    reply = client.attempt(request(2))
    check_sound(reply)
    (call,) = reply.tool_calls
    assert (call.name, json.loads(call.arguments)) == ("read_file", {"path": "a.py"})
    assert (reply.content, reply.finish_reason) == ("", "tool_calls")


def test_two_tool_calls_keep_their_order_beside_a_text(client: ModelClient) -> None:
    reply = client.attempt(request(3))
    check_sound(reply)
    assert [call.name for call in reply.tool_calls] == ["read_file", "run_checks"]
    assert reply.content == "both"


def test_what_the_other_side_does_not_know_is_a_model_error(client: ModelClient) -> None:
    with pytest.raises(ModelError) as caught:
        client.attempt(request(9))
    assert caught.value.exit_code == 5
    assert not caught.value.retryable
    assert caught.value.kind in ("config", "not_found")
    assert caught.value.hint


def test_the_request_is_left_as_it_was(client: ModelClient) -> None:
    asked = request(2)
    before = json.dumps([asked.messages, asked.tools])
    client.attempt(asked)
    assert json.dumps([asked.messages, asked.tools]) == before
