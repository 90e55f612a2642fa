"""What is sent is what servers accept, whatever the transcript has come to."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devassist.domain.events import JsonObject, Reasoning
from devassist.llm.wire.outgoing import outgoing
from devassist.llm.wire.tool_turns import NO_RESULT, NOT_JSON, clean_text, json_object
from devassist.ports import ModelRequest
from support.conversations import arguments, conversations, message

MODELS = (
    "openai/m",
    "anthropic/claude-sonnet-5",
    "gemini/g",
    "mistral/m",
    "deepseek/deepseek-chat",
    "ollama_chat/q",
)
IDS = {"anthropic": r"[a-zA-Z0-9_-]{1,64}", "mistral": r"[a-zA-Z0-9]{9}"}


def sent(
    messages: list[JsonObject], model: str = "openai/m", *, takes_turns: bool = True
) -> list[JsonObject]:
    return list(outgoing(ModelRequest(model=model, messages=messages), takes_turns=takes_turns).messages)


def unmarked(messages: list[JsonObject]) -> list[JsonObject]:
    """The messages without marks for a cache, which are no part of the prompt."""
    return [{key: value for key, value in entry.items() if key != "cache_control"} for entry in messages]


def check_accepted(messages: list[JsonObject], model: str) -> None:
    """The rules of the strictest servers."""
    json.dumps(messages, ensure_ascii=False).encode()  # no lone surrogate
    assert messages[-1]["role"] in ("user", "tool")
    begins = next(entry["role"] for entry in messages if entry["role"] != "system")
    assert begins == "user"
    assert all(entry["role"] != "system" for entry in messages[1:])
    seen: set[str] = set()
    for before, entry in zip([None, *messages], messages, strict=False):
        role = entry["role"]
        assert role != "user" or before is None or before["role"] != "user"
        assert role != "assistant" or (before is not None and before["role"] in ("user", "tool"))
        calls = entry.get("tool_calls")
        assert calls is None or calls
        if not calls:
            assert str(entry["content"]).strip()
        for made in calls or ():
            assert re.fullmatch(IDS.get(model.partition("/")[0], r"[\s\S]{1,40}"), made["id"])
            assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", made["function"]["name"])
            assert isinstance(json.loads(made["function"]["arguments"], parse_constant=pytest.fail), dict)
            assert made["id"] not in seen
            seen.add(made["id"])
    for index, entry in enumerate(messages):
        wanted = [made["id"] for made in entry.get("tool_calls", ())]
        results = messages[index + 1 : index + 1 + len(wanted)]
        assert [result.get("tool_call_id") for result in results] == wanted
    assert sum(entry["role"] == "tool" for entry in messages) == len(seen)


@given(conversations, st.sampled_from(MODELS))
def test_any_transcript_is_sent_as_the_strictest_servers_accept_it(
    messages: list[JsonObject], model: str
) -> None:
    before = repr(messages)
    out = sent(messages, model)
    check_accepted(out, model)
    assert repr(messages) == before


@given(conversations, st.sampled_from(MODELS))
def test_what_was_made_acceptable_stays_as_it_is(messages: list[JsonObject], model: str) -> None:
    once = sent(messages, model)
    assert sent(once, model) == once


@given(conversations, message, st.sampled_from(MODELS))
def test_a_longer_transcript_begins_with_what_was_sent_before(
    messages: list[JsonObject], reply: JsonObject, model: str
) -> None:
    """Otherwise no provider's cache would find the prefix again."""
    if reply["role"] != "assistant":
        return
    begun = [{"role": "user", "content": "hi"}, *messages, {"role": "user", "content": "?"}]
    before, after = unmarked(sent(begun, model)), unmarked(sent([*begun, reply], model))
    assert after[: len(before)] == before


@given(arguments)
def test_arguments_are_a_json_object_that_any_parser_takes(text: str) -> None:
    value = json.loads(json_object(text), parse_constant=pytest.fail)
    json.dumps(value, ensure_ascii=False).encode()
    assert isinstance(value, dict)


def test_sound_arguments_are_sent_byte_for_byte() -> None:
    assert json_object('{ "a":1.50 }') == '{ "a":1.50 }'


def test_broken_arguments_are_sent_as_text() -> None:
    assert json.loads(json_object('{"path": "a')) == {NOT_JSON: '{"path": "a'}
    assert json_object("") == "{}"


def test_surrogates_are_joined_or_replaced() -> None:
    assert clean_text("\ud83d\ude00 \ud800") == "😀 �"
    assert clean_text("\ufeffa") == "\ufeffa"


ASKED = {"role": "user", "content": "?"}


def calling(*ids_: str) -> JsonObject:
    calls = [{"id": id_, "type": "function", "function": {"name": "f", "arguments": "{}"}} for id_ in ids_]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def result(id_: str, text: str = "done") -> JsonObject:
    return {"role": "tool", "tool_call_id": id_, "content": text}


def test_results_stand_in_the_order_of_their_calls_and_a_lost_one_is_made_up() -> None:
    out = sent([ASKED, calling("a", "b", "c"), result("c"), {"role": "user", "content": "note"}, result("a")])
    assert [(entry.get("tool_call_id"), entry["content"]) for entry in out[2:]] == [
        ("a", "done"),
        ("b", NO_RESULT),
        ("c", "done\n\nnote"),
    ]


def test_a_note_after_a_result_is_a_message_of_its_own_where_the_provider_takes_one() -> None:
    out = sent([ASKED, calling("a"), result("a"), ASKED], "openai/gpt-5.2", takes_turns=False)
    assert [entry["role"] for entry in out] == ["user", "assistant", "tool", "user"]


@pytest.mark.parametrize(
    ("model", "wanted"),
    [("gemini/g", None), ("anthropic/claude-sonnet-5", None), ("openai/m", ""), ("hosted_vllm/m", "")],
)
def test_a_message_of_calls_alone_has_no_text(model: str, wanted: str | None) -> None:
    assert sent([ASKED, calling("a"), result("a")], model)[1]["content"] == wanted


def test_kimis_own_ids_stay_since_its_template_reads_them() -> None:
    for model in ("moonshot/kimi-k3", "openrouter/moonshotai/kimi-k3", "hosted_vllm/kimi-k3"):
        out = sent([ASKED, calling("functions.f:0"), result("functions.f:0")], model)
        assert out[1]["tool_calls"][0]["id"] == "functions.f:0"


@pytest.mark.parametrize(
    ("maker", "pattern"), [("anthropic", r"[a-zA-Z0-9_-]+"), ("mistralai", r"[a-zA-Z0-9]{9}")]
)
def test_openrouter_passes_ids_on_to_makers_that_are_strict(maker: str, pattern: str) -> None:
    out = sent([ASKED, calling("functions.f:0"), result("functions.f:0")], f"openrouter/{maker}/m")
    assert re.fullmatch(pattern, out[1]["tool_calls"][0]["id"])
    assert out[2]["tool_call_id"] == out[1]["tool_calls"][0]["id"]


def test_signatures_stay_with_their_calls_when_ids_change() -> None:
    thought = Reasoning(model="gemini/g", calls={"x" * 50: {"thought_signature": "T"}})
    request = ModelRequest(model="gemini/g", messages=[ASKED, calling("x" * 50)], reasoning={1: thought})
    (made,) = outgoing(request).messages[1]["tool_calls"]
    assert made["provider_specific_fields"] == {"thought_signature": "T"}
    assert len(made["id"]) <= 40
