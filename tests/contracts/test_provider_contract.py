"""A whole conversation of a real agent is accepted by every provider, and each gets its reasoning back."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from devassist.domain.errors import ModelError
from devassist.domain.events import JsonObject
from devassist.domain.settings import ModelSettings
from devassist.domain.statuses import Outcome
from devassist.llm.litellm_gateway import LiteLLMClient
from devassist.ports import ModelRequest
from support.conversations import TOOLS, conversations
from support.lone_agent import LoneLink, run_agent, second_life
from support.openai_server import OpenAIServer, Provider, calls
from support.providers.anthropic import Anthropic
from support.providers.gemini import Gemini
from support.providers.ollama import Ollama
from support.providers.openai import VLLM, DeepSeek, LlamaCpp, Mistral, OpenAI, StreamOnly


@dataclass(frozen=True)
class Case:
    """A provider, a model of its, and where the API is below the server's root."""

    make: Callable[[], Provider]
    model: str
    key: str
    below: str = "/v1"
    returns: Callable[[list[dict[str, Any]]], bool] = field(default=lambda _bodies: True)
    """Whether the last requests hold the reasoning of the first reply."""


def _in_messages(name: str) -> Callable[[list[dict[str, Any]]], bool]:
    return lambda bodies: any("I think" in str(message.get(name)) for message in bodies[-1]["messages"])


CASES: Mapping[str, Case] = {
    "openai": Case(OpenAI, "openai/gpt-5.2", "OPENAI_API_KEY"),
    "anthropic": Case(
        Anthropic,
        "anthropic/claude-sonnet-5",
        "ANTHROPIC_API_KEY",
        "",
        lambda bodies: "I think" in str(bodies[-1]["messages"]),
    ),
    "gemini": Case(Gemini, "gemini/gemini-3.7-flash", "GEMINI_API_KEY", ""),
    "deepseek": Case(
        DeepSeek, "deepseek/deepseek-v4-pro", "DEEPSEEK_API_KEY", "", _in_messages("reasoning_content")
    ),
    "mistral": Case(Mistral, "mistral/mistral-medium-latest", "MISTRAL_API_KEY"),
    "ollama": Case(Ollama, "ollama_chat/qwen3", "OLLAMA_API_KEY", "", _in_messages("thinking")),
    "llama.cpp": Case(LlamaCpp, "openai/served", "OPENAI_API_KEY", "/v1", _in_messages("reasoning_content")),
    "vllm": Case(VLLM, "hosted_vllm/served", "HOSTED_VLLM_API_KEY"),
    "stream only": Case(StreamOnly, "openai/qwq", "OPENAI_API_KEY"),
}
SAID = [
    calls(
        ("list_files", {}),
        ("read_file", {"path": "a.py"}),
        ("search_code", {"pattern": "x"}),
        content="I look first.",
        reasoning="I think of looking.",
    ),
    calls(("read_file", '{"path": "a'), content="Now I", reasoning="I think long.", finish_reason="length"),
    {"content": "It is all clear.", "reasoning": "I think it is."},
    calls(("no such tool", {"x": 1}), ("read_file", '{"path": '), reasoning="I think broken."),
    calls(("list_files", {}), content="\n\n"),
    calls(
        ("submit_brief", {"summary": "x", "findings": [], "confidence": 0.9}), reasoning="I think I am done."
    ),
]


@pytest.mark.parametrize("name", CASES)
def test_a_whole_conversation_is_accepted(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    (tmp_path / "a.py").write_text("x = 'ä\U0001f600'\n")
    link = LoneLink(tmp_path, notes={2: ["a note\udc00 of a person"], 5: ["another"]})
    with OpenAIServer(lambda _body, n: dict(SAID[n]), provider=case.make()) as server:
        client = LiteLLMClient(ModelSettings(api_base=server.root + case.below), env={case.key: "k" * 20})
        ending = run_agent(client, link, model=case.model)
    refusals = [str(refused.body) for refused in server.refusals]
    expected = {"stream only": ["stream"], "llama.cpp": ["must alternate"]}.get(name, [])
    assert len(refusals) == len(expected), refusals
    assert all(word in text for word, text in zip(expected, refusals, strict=True))
    assert (ending.outcome, ending.reason) == (Outcome.DELIVERED, "")
    assert case.returns(server.requests)
    assert getattr(server.provider, "cut", []) == []
    assert len(link.calls()) == len(SAID) + len(expected)


@pytest.mark.parametrize("name", ["anthropic", "gemini", "deepseek"])
def test_a_second_life_is_accepted_too(name: str, tmp_path: Path) -> None:
    """The first worker is killed after its second request; the next goes on from the log."""
    case = CASES[name]
    replies = [SAID[0], calls(("list_files", {}), reasoning="I think on."), SAID[-1]]
    first = LoneLink(tmp_path)
    provider = case.make()
    with OpenAIServer(
        lambda _body, n: dict(replies[n]) if n < 2 else {"status": 404, "body": {}, "headers": {}},
        provider=provider,
    ) as server:
        client = LiteLLMClient(ModelSettings(api_base=server.root + case.below), env={case.key: "k" * 20})
        assert run_agent(client, first, model=case.model).outcome is Outcome.ERROR
        wanted = server.requests[-1]
        server.script = lambda _body, _n: dict(replies[-1])
        assert run_agent(client, second_life(first), model=case.model).outcome is Outcome.DELIVERED
    assert server.requests[-1] == wanted
    assert server.refusals == []


def test_a_long_conversation_never_meets_ollamas_silent_cut(tmp_path: Path) -> None:
    """Ollama takes 8,192 tokens here, and cuts what is over it without a word."""
    (tmp_path / "a.py").write_text("x = 1  # a long line of code\n" * 150)
    provider = Ollama(trained=16_384)
    reads = [
        calls(("read_file", {"path": "a.py"}), ("read_file", {"path": "a.py", "start_line": n}))
        for n in range(1, 15)
    ]
    replies = [*reads, SAID[-1]]
    with OpenAIServer(lambda _body, n: dict(replies[n]), provider=provider) as server:
        client = LiteLLMClient(ModelSettings(api_base=server.root), env={})
        ending = run_agent(
            client, LoneLink(tmp_path), model="ollama_chat/qwen3", window=client.window("ollama_chat/qwen3")
        )
    assert ending.outcome is Outcome.DELIVERED, ending.reason
    assert provider.cut == []
    assert set(provider.windows) == {16_384}


def test_anthropic_reads_from_its_cache_what_was_sent_before(tmp_path: Path) -> None:
    replies = [calls(("list_files", {}), reasoning=f"I think {n}.") for n in range(4)]
    link = LoneLink(tmp_path)
    with OpenAIServer(lambda _body, n: dict([*replies, SAID[-1]][n]), provider=Anthropic()) as server:
        client = LiteLLMClient(ModelSettings(api_base=server.root), env={"ANTHROPIC_API_KEY": "k" * 20})
        run_agent(client, link, model="anthropic/claude-sonnet-5")
    assert server.refusals == []
    made = link.calls()
    assert [call.cached_input_tokens > 0 for call in made] == [False, True, True, True, True]
    for before, call in itertools.pairwise(made):
        assert call.cached_input_tokens == before.cached_input_tokens + before.cache_written_tokens
        assert call.cached_input_tokens > 0.8 * call.input_tokens
        assert call.usd is not None
        fresh = call.input_tokens - call.cached_input_tokens - call.cache_written_tokens
        assert call.usd == pytest.approx(
            (
                fresh * 2
                + call.cached_input_tokens * 0.2
                + call.cache_written_tokens * 2.5
                + call.output_tokens * 10
            )
            / 1e6
        )


def asked(client: LiteLLMClient, request: ModelRequest) -> str:
    """The answer to a request, in the form that the server may have asked for."""
    try:
        return client.attempt(request).content
    except ModelError as error:
        if error.kind != "adjusted":
            raise
        return client.attempt(request).content


@given(messages=conversations)
@pytest.mark.parametrize("name", [name for name in CASES if name != "stream only"])
def test_any_transcript_is_accepted(name: str, messages: list[JsonObject]) -> None:
    """Also that of another model, or of a run that broke off anywhere."""
    case = CASES[name]
    provider = case.make()
    if isinstance(provider, Gemini):
        provider.issued.add(
            base64.b64encode(b"skip_thought_signature_validator").decode()
        )  # litellm's, for others' calls
    request = ModelRequest(model=case.model, messages=messages, tools=TOOLS, stable=2)
    with OpenAIServer(lambda _body, _n: "ok", provider=provider) as server:
        client = LiteLLMClient(ModelSettings(api_base=server.root + case.below), env={case.key: "k" * 20})
        assert asked(client, request) == "ok", server.refusals
