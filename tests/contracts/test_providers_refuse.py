"""The fake providers refuse what the real ones refuse, in their words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from support.openai_server import Provider
from support.providers.anthropic import Anthropic, signature_of
from support.providers.gemini import Gemini
from support.providers.ollama import Ollama
from support.providers.openai import VLLM, DeepSeek, LlamaCpp, Mistral, OpenAI, StreamOnly

ASKED = {"role": "user", "content": "?"}
CHAT = "/v1/chat/completions"


def call(arguments: str = "{}", *, id_: str = "abcdefghi", name: str = "f") -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    return {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"id": id_, "type": "function", "function": function}],
    }


def result(id_: str = "abcdefghi") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": id_, "content": "done"}


OPENAI: list[tuple[Provider, Mapping[str, Any], str]] = [
    (OpenAI(), {"messages": [ASKED, result()]}, "must be a response to a preceeding message"),
    (OpenAI(), {"messages": [ASKED, call()]}, "did not have response messages: abcdefghi"),
    (OpenAI(), {"messages": [ASKED, {"role": "assistant", "content": None}]}, "expected a string, got null"),
    (OpenAI(), {"messages": [{"role": "user", "content": "\ud800"}]}, "could not parse the JSON body"),
    (OpenAI(), {"messages": [ASKED, call(name="a b"), result()]}, "string does not match pattern"),
    (OpenAI(), {"messages": [ASKED, call(id_="x" * 41), result("x" * 41)]}, "maximum length 40"),
    (
        OpenAI(),
        {"messages": [ASKED], "tools": [{}] * 129},
        "maximum length 128, but got an array with length 129",
    ),
    (OpenAI(), {"messages": [{**ASKED, "reasoning_content": "x"}]}, "Additional properties are not allowed"),
    (
        OpenAI(),
        {"messages": [ASKED, {"role": "assistant", "content": "x", "tool_calls": []}]},
        "[] is too short",
    ),
    (DeepSeek(), {"messages": [ASKED, call(), result()]}, "must be passed back to the API"),
    (Mistral(), {"messages": [ASKED, call(), result(), ASKED]}, "Unexpected role 'user' after role 'tool'"),
    (Mistral(), {"messages": [ASKED, call(id_="call_1"), result("call_1")]}, "with a length of 9"),
    (StreamOnly(), {"messages": [ASKED]}, "only support stream mode"),
    (VLLM(), {"messages": [ASKED, call("{"), result()]}, "Expecting property name"),
    (
        VLLM(),
        {"messages": [{"role": "user", "content": "x" * 200_000}]},
        "maximum context length is 32768 tokens",
    ),
    (LlamaCpp(), {"messages": [ASKED, ASKED]}, "conversation roles must alternate"),
    (LlamaCpp(), {"messages": [ASKED, {**call(), "content": None}, result()]}, "Invalid 'content' type"),
    (LlamaCpp(), {"messages": [ASKED, call("{"), result()]}, "Failed to parse tool call arguments"),
    (
        LlamaCpp(),
        {"messages": [{"role": "user", "content": "x" * 90_000}]},
        "exceeds the available context size",
    ),
]


@pytest.mark.parametrize(("provider", "body", "words"), OPENAI)
def test_chat_completions(provider: Provider, body: Mapping[str, Any], words: str) -> None:
    refused = provider.refuse(CHAT, dict(body))
    assert refused is not None
    assert words in str(refused.body)


USE = {"type": "tool_use", "id": "t1", "name": "f", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "done"}
MARKED = {"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}


def said(role: str, *blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": role, "content": list(blocks)}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"messages": [ASKED], "max_tokens": None}, "max_tokens: Field required"),
        ({"messages": [ASKED], "seed": 1}, "seed: Extra inputs are not permitted"),
        ({"messages": [ASKED, ASKED]}, 'found multiple "user" roles in a row'),
        ({"messages": [said("assistant", {"type": "text", "text": "x"}), ASKED]}, "first message must use"),
        (
            {"messages": [ASKED, said("assistant", {"type": "text", "text": "x"})]},
            "assistant message prefill",
        ),
        (
            {"messages": [ASKED, said("assistant", USE), ASKED]},
            "without `tool_result` blocks immediately after: t1",
        ),
        (
            {"messages": [ASKED, said("assistant", {"type": "text", "text": "x"}), said("user", RESULT)]},
            "unexpected `tool_use_id`",
        ),
        ({"messages": [said("user", {"type": "text", "text": ""})]}, "must be non-empty"),
        ({"messages": [said("user", {"type": "text", "text": " "})]}, "must contain non-whitespace text"),
        (
            {
                "messages": [
                    ASKED,
                    said("assistant", {**USE, "id": "t.1"}),
                    said("user", {**RESULT, "tool_use_id": "t.1"}),
                ]
            },
            "String should match pattern",
        ),
        ({"messages": [said("user", *[MARKED] * 5)]}, "A maximum of 4 blocks with cache_control"),
        (
            {
                "messages": [
                    ASKED,
                    said(
                        "assistant",
                        {"type": "thinking", "thinking": "a", "signature": signature_of("b")},
                        USE,
                    ),
                    said("user", RESULT),
                ]
            },
            "Invalid `signature` in `thinking` block",
        ),
    ],
)
def test_anthropic(body: dict[str, Any], words: str) -> None:
    whole = {"model": "m", "max_tokens": 10, **body}
    refused = Anthropic().refuse(
        "/v1/messages", {key: value for key, value in whole.items() if value is not None}
    )
    assert words in str(refused and refused.body)


def contents(*entries: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {"contents": [{"role": role, "parts": [part]} for role, part in entries]}


FUNCTION = {"functionCall": {"name": "f", "args": {}}}
RESPONSE = {"functionResponse": {"name": "f", "response": {}}}
TEXT = {"text": "?"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (contents(("user", TEXT), ("model", FUNCTION), ("user", RESPONSE)), "missing a thought_signature"),
        (
            contents(("user", TEXT), ("model", {**FUNCTION, "thoughtSignature": "x"}), ("user", RESPONSE)),
            "not valid",
        ),
        (
            contents(("user", TEXT), ("model", FUNCTION), ("user", TEXT)),
            "number of function response parts is equal",
        ),
        (contents(("user", TEXT), ("model", TEXT)), "end with a user role"),
        (contents(("user", {"text": ""})), "must have a text parameter"),
        (
            {
                **contents(("user", TEXT)),
                "tools": [
                    {"functionDeclarations": [{"name": "f", "parameters": {"type": "OBJECT", "$ref": "x"}}]}
                ],
            },
            'Unknown name "$ref"',
        ),
    ],
)
def test_gemini(body: dict[str, Any], words: str) -> None:
    refused = Gemini().refuse("/models/g:generateContent", body)
    assert refused is not None
    assert words in str(refused.body)


def test_ollama_cuts_without_a_word_and_takes_no_arguments_as_text() -> None:
    ollama = Ollama()
    assert ollama.refuse("/api/chat", {"messages": [{"role": "user", "content": "x" * 40_000}]}) is None
    assert ollama.cut == [10_000]
    refused = ollama.refuse("/api/chat", {"messages": [call()]})
    assert refused is not None
    assert "cannot unmarshal string" in refused.body["error"]
