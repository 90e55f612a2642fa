"""A conversation fits its window, keeps its shape, and seldom changes at its beginning."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devassist.crew.conversation.fitting import fitted, tokens_of
from devassist.crew.conversation.transcript import Conversation
from devassist.domain.events import JsonObject, Reasoning
from support.conversations import conversations

TOOLS = [{"type": "function", "function": {"name": "f", "description": "x" * 400}}]


def turn(number: int, *, result: str = "x" * 4_000, argument: str = "") -> list[JsonObject]:
    function = {"name": "write_file", "arguments": json.dumps({"path": "a.py", "content": argument})}
    call = {"id": f"c{number}", "type": "function", "function": function}
    said = {"role": "assistant", "content": None, "tool_calls": [call]}
    return [
        said,
        {"role": "tool", "tool_call_id": f"c{number}", "content": f"{result}\nevidence: e-{number}"},
    ]


def talk(turns: int, **parts: str) -> Conversation:
    begun = [{"role": "system", "content": "You are coder."}, {"role": "user", "content": "Do it."}]
    return Conversation(
        messages=[*begun, *(message for number in range(turns) for message in turn(number, **parts))]
    )


def test_what_fits_is_left_as_it_is() -> None:
    assert fitted(talk(5), 128_000, tools=TOOLS) == talk(5)


def test_the_oldest_results_go_first_and_keep_their_evidence() -> None:
    short = fitted(talk(20), 20_000).messages
    contents = [str(message["content"]) for message in short if message["role"] == "tool"]
    left = [len(content) > 1_000 for content in contents]
    assert left == [False] * 8 + [True] * 12
    assert [content.rpartition("\n")[2] for content in contents] == [
        f"evidence: e-{number}" for number in range(20)
    ]


def test_then_long_arguments_of_old_calls_go_and_stay_valid() -> None:
    short = fitted(talk(20, result="ok", argument="y" * 4_000), 10_000)
    assert tokens_of(short) <= 8_000
    arguments = [
        json.loads(call["function"]["arguments"])
        for message in short.messages
        for call in message.get("tool_calls", ())
    ]
    assert arguments[0] == {"path": "a.py", "content": "[4000 characters left out to save room]"}
    assert arguments[-1]["content"] == "y" * 4_000


def test_then_newer_results_lose_their_middle() -> None:
    short = fitted(talk(6, result="z" * 40_000), 32_000)
    assert tokens_of(short) <= 25_600
    assert "characters left out to save room" in str(short.messages[3]["content"])
    assert str(short.messages[-1]["content"]).endswith("evidence: e-5")


def test_signed_calls_stay_as_they_are() -> None:
    signed = Conversation(
        messages=talk(20, argument="y" * 4_000).messages,
        reasoning={2: Reasoning(model="gemini/g", calls={"c0": {"thought_signature": "S"}})},
    )
    assert fitted(signed, 4_000).messages[2] == signed.messages[2]


def test_the_beginning_changes_once_in_eight_turns_so_that_caches_find_it() -> None:
    sent = [fitted(talk(turns), 20_000).messages for turns in range(16, 56)]
    changes = sum(list(after[: len(before)]) != list(before) for before, after in pairwise(sent))
    assert changes <= 6


def test_other_languages_have_more_tokens_than_letters_divided_by_four() -> None:
    assert tokens_of(talk(1, result="字" * 4_000)) > 2_900


@given(conversations, st.integers(min_value=0, max_value=500))
def test_roles_and_ids_stay_whatever_the_window(messages: list[JsonObject], window: int) -> None:
    short = fitted(Conversation(messages=messages), window).messages
    assert [(entry["role"], entry.get("tool_call_id")) for entry in short] == [
        (entry["role"], entry.get("tool_call_id")) for entry in messages
    ]
    before = [call["id"] for entry in messages for call in entry.get("tool_calls", ())]
    assert [call["id"] for entry in short for call in entry.get("tool_calls", ())] == before


@pytest.mark.parametrize("window", [0, 1, -5])
def test_a_window_that_is_none_does_no_harm(window: int) -> None:
    assert len(fitted(talk(3), window).messages) == len(talk(3).messages)
