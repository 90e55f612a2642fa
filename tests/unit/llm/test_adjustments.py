"""A server that asks for another form of requests gets it: once refused, not twice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from devassist.domain.errors import ModelError
from devassist.domain.events import JsonObject, Reasoning
from devassist.domain.settings import ModelParams, ModelSettings
from devassist.domain.statuses import Outcome
from devassist.llm.adjustments import Adjustment, adjustment_for
from devassist.llm.case import case_of
from devassist.llm.litellm_gateway import LiteLLMClient
from devassist.ports import ModelRequest
from support.lone_agent import LoneLink, run_agent
from support.openai_server import OpenAIServer, Provider, Refused, calls, failure
from support.providers.anthropic import Anthropic, signature_of
from support.providers.openai import StreamOnly

pytestmark = pytest.mark.thorough  # litellm's import alone takes more than two seconds

ASKED = {"role": "user", "content": "?"}
THOUGHT = {1: Reasoning(model="openai/m", text="hm")}


class Answered(Exception):
    """As litellm raises it for an HTTP answer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.response = type("Response", (), {"status_code": status, "headers": {"a": "b"}})()


def adjusted(
    status: int, text: str, *, thought: bool = False, messages: Sequence[JsonObject] = (ASKED,)
) -> Adjustment | None:
    request = ModelRequest(model="openai/m", messages=messages, reasoning=THOUGHT if thought else {})
    return adjustment_for(case_of(Answered(status, text), request, (), "", lambda: 0.0))


@pytest.mark.parametrize(
    "text",
    [
        "This model only support stream mode, please enable the stream parameter to access the model.",
        "Stream must be set to true",
        "parameter.enable_thinking must be set to false for non-streaming calls",
        "Non-streaming requests are not supported",
        "This endpoint only supports streaming",
    ],
)
def test_a_server_that_only_streams_says_so_in_many_ways(text: str) -> None:
    assert adjusted(400, text) is Adjustment.STREAM
    assert adjusted(500, text) is None


@pytest.mark.parametrize(
    "text",
    [
        (
            "After the optional system message, conversation roles must alternate user and assistant roles except for tool "
            "calls and results."
        ),
        "Unexpected role 'user' after role 'tool'",
        "Conversation roles must alternate user/assistant/user/assistant/...",
        'messages: roles must alternate between "user" and "assistant", but found multiple "user" roles in a row',
    ],
)
def test_users_take_turns_with_assistants_where_a_template_wants_it(text: str) -> None:
    after_result = [ASKED, {"role": "tool", "content": "x"}, ASKED]
    assert adjusted(400, text, messages=after_result) is Adjustment.TURNS
    assert adjusted(500, text, messages=after_result) is Adjustment.TURNS
    assert adjusted(401, text, messages=after_result) is None
    assert adjusted(400, text) is None, "nothing could be sent otherwise"


@pytest.mark.parametrize(
    "text",
    [
        "messages.3.content.0: Invalid `signature` in `thinking` block",
        "messages.3.content.8: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified.",
        "Thought signature is not valid.",
    ],
)
def test_reasoning_is_left_out_where_its_signature_is_refused(text: str) -> None:
    assert adjusted(400, text, thought=True) is Adjustment.WITHOUT_REASONING
    assert adjusted(400, text) is None


@pytest.mark.parametrize(
    "text", ["bad thing", "upstream returned an error", "unknown parameter: stream_options"]
)
def test_other_refusals_ask_for_nothing(text: str) -> None:
    assert adjusted(400, text, thought=True) is None


def test_a_streamed_reply_is_whole_and_the_refusal_comes_once() -> None:
    script = [calls(("read_file", {"path": "a.py"}), content="I look at it.\n"), "done"]
    with OpenAIServer(lambda _body, n: script[n], provider=StreamOnly()) as server:
        client = LiteLLMClient(ModelSettings(api_base=server.url), env={})
        request = ModelRequest(model="openai/m", messages=[ASKED])
        with pytest.raises(ModelError) as caught:
            client.attempt(request)
        assert (caught.value.kind, caught.value.retryable) == ("adjusted", True)
        reply = client.attempt(request)
        assert client.attempt(request).content == "done"
    assert (reply.content, reply.finish_reason) == ("I look at it.\n", "tool_calls")
    (call,) = reply.tool_calls
    assert (call.name, call.arguments) == ("read_file", '{"path": "a.py"}')
    assert (reply.input_tokens, reply.output_tokens) == (100, 10)
    assert len(server.refusals) == 1


class Forgetful(Provider):
    """Refuses any reasoning, as a provider does whose keys have changed."""

    def refuse(self, path, body):
        if any(message.get("reasoning_content") for message in body["messages"]):
            return Refused(400, {"error": {"message": "messages.1: Invalid `signature` in `thinking` block"}})
        return None


def test_a_conversation_goes_on_without_reasoning_that_is_refused() -> None:
    with OpenAIServer(lambda _body, _n: "on", provider=Forgetful()) as server:
        client = LiteLLMClient(ModelSettings(api_base=server.url), env={})
        messages = [ASKED, {"role": "assistant", "content": "so"}, ASKED]
        request = ModelRequest(model="openai/m", messages=messages, reasoning=THOUGHT)
        with pytest.raises(ModelError, match="signature"):
            client.attempt(request)
        assert client.attempt(request).content == "on"
        assert client.attempt(request).content == "on"
    assert len(server.refusals) == 1


def test_a_template_that_refuses_a_conversation_is_not_asked_again() -> None:
    text = "\nError: Jinja Exception: After the optional system message, conversation roles must alternate"
    with OpenAIServer(lambda _body, _n: failure(500, text)) as server:
        client = LiteLLMClient(ModelSettings(api_base=server.url), env={})
        with pytest.raises(ModelError) as caught:
            client.attempt(ModelRequest(model="openai/m", messages=[ASKED]))
    assert (caught.value.kind, caught.value.retryable) == ("bad_request", False)


class Short(Provider):
    """Allows 8,192 tokens, whatever litellm's table says."""

    def refuse(self, path, body):
        text = "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]"
        return Refused(400, {"error": {"message": text}}) if body.get("max_tokens", 0) > 8192 else None


def test_a_table_that_promises_too_long_replies_costs_one_refusal() -> None:
    env = {"DEEPSEEK_API_KEY": "k" * 20}
    request = ModelRequest(model="deepseek/deepseek-v4-pro", messages=[ASKED])
    with OpenAIServer(lambda _body, _n: "ok", provider=Short()) as server:
        client = LiteLLMClient(ModelSettings(api_base=server.url), env=env)
        with pytest.raises(ModelError, match="valid range of max_tokens") as caught:
            client.attempt(request)
        assert caught.value.kind == "adjusted"
        assert client.attempt(request).content == "ok"
        own = LiteLLMClient(ModelSettings(api_base=server.url, params=ModelParams(max_tokens=9000)), env=env)
        with pytest.raises(ModelError) as caught:
            own.attempt(request)
        assert caught.value.kind == "bad_request"


def test_a_prompt_that_leaves_no_room_for_a_reply_is_too_long() -> None:
    with OpenAIServer(lambda _body, _n: failure(400, "max_tokens must be at least 1, got -186.")) as server:
        client = LiteLLMClient(ModelSettings(api_base=server.url), env={})
        with pytest.raises(ModelError) as caught:
            client.attempt(ModelRequest(model="hosted_vllm/m", messages=[ASKED]))
    assert caught.value.kind == "context_window"


class ThinksAloud(Provider):
    """Only streams, and thinks; it tells no tokens if `tells` is false."""

    def __init__(self, *, tells: bool) -> None:
        self.tells = tells

    def refuse(self, path, body):
        return None if body.get("stream") else Refused(400, {"detail": "Stream must be set to true"})

    def answer(self, reply, body, n):
        usage = {"prompt_tokens": 90, "completion_tokens": 9, "prompt_tokens_details": {"cached_tokens": 30}}
        return super().answer({**reply, "usage": usage if self.tells else "missing"}, body, n)


@pytest.mark.parametrize("tells", [True, False])
def test_a_stream_keeps_thoughts_many_calls_and_tokens(tells: bool) -> None:
    made = [("read_file", {"path": f"{n}.py", "text": "ä\U0001f600\n" * 50}) for n in range(5)]
    said = calls(*made, content="I look.", reasoning="I think long.")
    with OpenAIServer(lambda _body, _n: said, provider=ThinksAloud(tells=tells)) as server:
        client = LiteLLMClient(ModelSettings(api_base=server.url), env={})
        request = ModelRequest(model="openai/m", messages=[ASKED])
        with pytest.raises(ModelError, match="only streams"):
            client.attempt(request)
        reply = client.attempt(request)
    assert (reply.content, reply.reasoning.text) == ("I look.", "I think long.")
    assert [(call.name, json.loads(call.arguments)) for call in reply.tool_calls] == made
    assert len({call.id for call in reply.tool_calls}) == 5
    if tells:
        assert (reply.input_tokens, reply.output_tokens, reply.cached_input_tokens) == (90, 9, 30)
    assert reply.estimated is not tells


class Interleaved(Anthropic):
    """Claude, which thinks between its words: it knows in which order it said all that."""

    def answer(self, reply, body, n):
        answer = super().answer(reply, body, n)
        blocks = answer["content"]
        if reply.get("twice"):
            again = {**blocks[0], "thinking": "again", "signature": signature_of("again")}
            answer["content"] = [*blocks[:2], again, *blocks[2:]]
        return answer

    def refuse(self, path, body):
        for message in body["messages"]:
            content = message["content"]
            kinds = [block["type"] for block in content] if isinstance(content, list) else []
            if kinds[:2] == ["thinking", "thinking"]:
                text = "messages.1.content.1: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified."
                return Refused(
                    400, {"type": "error", "error": {"type": "invalid_request_error", "message": text}}
                )
        return super().refuse(path, body)


def test_only_reasoning_whose_place_is_lost_is_left_out(tmp_path: Path) -> None:
    said = [
        calls(("list_files", {}), content="I look.", reasoning="once"),
        calls(("list_files", {}), content="I look again.", reasoning="first", twice=True),
        calls(("list_files", {}), content="On.", reasoning="later"),
        calls(("submit_brief", {"summary": "x", "findings": [], "confidence": 0.9})),
    ]
    provider = Interleaved()
    provider.strict = False
    with OpenAIServer(lambda _body, n: dict(said[n]), provider=provider) as server:
        client = LiteLLMClient(ModelSettings(api_base=server.root), env={"ANTHROPIC_API_KEY": "k" * 20})
        link = LoneLink(tmp_path)
        assert run_agent(client, link, model="anthropic/claude-sonnet-5").outcome is Outcome.DELIVERED
    assert len(server.refusals) == 1
    last = str(server.requests[-1]["messages"])
    assert "'once'" in last
    assert "'later'" in last
    assert "'first'" not in last
