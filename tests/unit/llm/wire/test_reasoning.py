"""Each provider gets a model's reasoning back in its own form, and no other."""

from __future__ import annotations

import json

import pytest

from devassist.domain.events import Reasoning
from devassist.llm.wire.outgoing import outgoing
from devassist.llm.wire.reasoning import with_reasoning
from devassist.llm.wire.replies import reply_from
from devassist.ports import ModelRequest

SIGNED = {"type": "thinking", "thinking": "hm", "signature": "S=="}
HIDDEN = {"type": "redacted_thinking", "data": "xx"}
CALL = {"id": "c1", "type": "function", "function": {"name": "read_file", "arguments": "{}"}}
ASKED = {"role": "user", "content": "?"}
SAID = {"role": "assistant", "content": "so", "tool_calls": [CALL]}


def sent(model: str, **parts: object) -> dict[str, object]:
    thought = Reasoning(model=model, **parts)  # type: ignore[arg-type]
    return dict(with_reasoning([ASKED, SAID], {1: thought}, model)[1])


def test_claude_gets_its_signed_blocks_and_none_that_was_cut_off() -> None:
    cut = {"type": "thinking", "thinking": "and th", "signature": ""}
    message = sent("anthropic/claude-sonnet-5", text="hm", blocks=(SIGNED, HIDDEN, cut))
    assert message == {**SAID, "thinking_blocks": [SIGNED, HIDDEN]}


def test_gemini_gets_its_signatures_where_they_were() -> None:
    message = sent(
        "gemini/gemini-3.7-flash",
        text="hm",
        blocks=(SIGNED,),
        fields={"thought_signatures": ["T"]},
        calls={"c1": {"thought_signature": "C"}},
    )
    assert message == {
        **SAID,
        "provider_specific_fields": {"thought_signatures": ["T"]},
        "tool_calls": [{**CALL, "provider_specific_fields": {"thought_signature": "C"}}],
    }


@pytest.mark.parametrize(
    "model", ["deepseek/deepseek-v4-pro", "moonshot/kimi-k3", "openai/served-by-llama.cpp"]
)
def test_plain_text_goes_back_as_it_came(model: str) -> None:
    assert sent(model, text="hm") == {**SAID, "reasoning_content": "hm"}


def test_deepseek_owes_reasoning_beside_tool_calls_even_where_there_is_none() -> None:
    assert with_reasoning([ASKED, SAID], {}, "deepseek/deepseek-v4-pro")[1] == {
        **SAID,
        "reasoning_content": " ",
    }
    assert with_reasoning([ASKED, ASKED], {}, "deepseek/deepseek-v4-pro") == [ASKED, ASKED]


def test_openrouter_gets_its_details() -> None:
    details = [{"type": "reasoning.encrypted", "data": "x"}]
    message = sent("openrouter/anthropic/claude-sonnet-5", fields={"reasoning_details": details})
    assert message == {**SAID, "reasoning_details": details}


@pytest.mark.parametrize("model", ["mistral/m", "groq/g", "xai/grok", "anthropic/claude-opus-5"])
def test_another_models_reasoning_is_not_sent(model: str) -> None:
    thought = Reasoning(model="anthropic/claude-sonnet-5", text="hm", blocks=(SIGNED,))
    assert with_reasoning([ASKED, SAID], {1: thought}, model) == [ASKED, SAID]


def reply(message: dict[str, object]):
    request = ModelRequest(model="gemini/g", messages=[])
    return reply_from({"choices": [{"message": message}]}, request)


def test_a_signature_in_the_id_of_a_call_is_kept_beside_it() -> None:
    call = {"id": "call_1__thought__U0lH", "function": {"name": "read_file", "arguments": "{}"}}
    answer = reply({"content": None, "tool_calls": [call]})
    assert answer.tool_calls[0].id == "call_1"
    assert answer.reasoning.calls == {"call_1": {"thought_signature": "U0lH"}}


def test_only_the_fields_of_reasoning_are_kept_of_the_providers_own() -> None:
    fields = {"thought_signatures": ["T"], "citations": [1], "reasoning_details": []}
    answer = reply({"content": "x", "provider_specific_fields": fields, "thinking_blocks": [SIGNED]})
    assert answer.reasoning.fields == {"thought_signatures": ["T"]}
    assert answer.reasoning.blocks == (SIGNED,)
    assert not reply({"content": "x"}).reasoning


def test_a_refusal_is_the_text_of_the_reply() -> None:
    assert (
        reply({"content": None, "refusal": "I cannot help with that."}).content == "I cannot help with that."
    )
    assert reply({"content": None, "provider_specific_fields": {"refusal": "No."}}).content == "No."


class Odd:
    """As litellm's pydantic objects are."""

    def model_dump(self, **_: object) -> dict[str, object]:
        return {"type": "thinking", "thinking": "hm", "signature": "S"}


@pytest.mark.parametrize(
    ("blocks", "kept"),
    [
        ("a text", ()),
        (None, ()),
        ([None, 3, "x", []], ()),
        ([Odd()], ({"type": "thinking", "thinking": "hm", "signature": "S"},)),
        ([{"type": "thinking", "when": object}], ({"type": "thinking", "when": "<class 'object'>"},)),
        ({"type": "thinking"}, ()),
    ],
)
def test_reasoning_of_an_odd_shape_is_json_or_nothing(blocks: object, kept: tuple[object, ...]) -> None:
    answer = reply({"content": "x", "thinking_blocks": blocks, "provider_specific_fields": "odd"})
    assert answer.reasoning.blocks == kept
    json.dumps([answer.reasoning.blocks, answer.reasoning.fields])


def test_a_lone_surrogate_in_reasoning_is_kept_and_sent_as_unicode() -> None:
    thought = reply({"content": "x", "reasoning_content": "\ud800"}).reasoning
    assert thought.text == "\ud800"
    request = ModelRequest(model="gemini/g", messages=[ASKED, SAID], reasoning={1: thought})
    json.dumps(outgoing(request).messages, ensure_ascii=False).encode()
