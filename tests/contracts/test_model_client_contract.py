"""What every ModelClient keeps: the scripted, the replaying and the real one, against a server on loopback."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
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
from support.openai_server import OpenAIServer, Provider, calls, failure
from support.providers.anthropic import Anthropic
from support.providers.gemini import Gemini
from support.providers.ollama import Ollama
from support.providers.openai import VLLM, DeepSeek, LlamaCpp, Mistral, OpenAI

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
    (number,) = re.findall(r"turn (\d+)", json.dumps(body.get("messages") or body["contents"]))
    turn = int(number)
    step = TURNS.get(turn)
    if step is None:
        return failure(404, "no such turn")
    pairs = [pair for call in step.get("tools", []) for pair in call.items()]
    return calls(*pairs, content=step.get("say"))


@dataclass(frozen=True)
class At:
    """A ModelClient that asks a provider's own model, whatever model is asked for."""

    client: LiteLLMClient
    model: str

    def attempt(self, request: ModelRequest) -> ModelReply:
        return self.client.attempt(replace(request, model=self.model))


PROVIDERS: Mapping[str, tuple[type[Provider], str, str]] = {
    "openai": (OpenAI, "openai/gpt-5.2", "/v1"),
    "anthropic": (Anthropic, "anthropic/claude-sonnet-5", ""),
    "gemini": (Gemini, "gemini/gemini-3.7-flash", ""),
    "deepseek": (DeepSeek, "deepseek/deepseek-v4-pro", ""),
    "mistral": (Mistral, "mistral/mistral-medium-latest", "/v1"),
    "ollama": (Ollama, "ollama_chat/qwen3", ""),
    "llama.cpp": (LlamaCpp, "openai/served", "/v1"),
    "vllm": (VLLM, "hosted_vllm/served", "/v1"),
}


@pytest.fixture(params=["scripted", "replaying", "litellm", *PROVIDERS])
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ModelClient]:
    if request.param == "scripted":
        yield scripted()
    elif request.param == "replaying":
        yield replaying(tmp_path)
    elif request.param == "litellm":
        with OpenAIServer(answer) as server:
            yield LiteLLMClient(ModelSettings(api_base=server.url), env={})
            assert server.script_errors == []
    else:
        make, model, below = PROVIDERS[request.param]
        key = f"{model.partition('/')[0].upper()}_API_KEY"
        with OpenAIServer(answer, provider=make()) as server:
            settings = ModelSettings(api_base=server.root + below)
            yield At(LiteLLMClient(settings, env={key: "k" * 20}), model)
            assert (server.script_errors, server.refusals) == ([], [])


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
