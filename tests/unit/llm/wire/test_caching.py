"""Marks for a provider's cache: at most four, and each where the next request has the same beginning."""

from __future__ import annotations

import pytest

from devassist.domain.events import JsonObject
from devassist.llm.wire.outgoing import Outgoing, outgoing
from devassist.ports import ModelRequest

SYSTEM = {"role": "system", "content": "You are coder."}
SHARED = {"role": "user", "content": "The project."}
OWN = {"role": "user", "content": "Your task."}
CALL = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
LATER = [
    {"role": "assistant", "content": "so", "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "a", "content": "x"},
]
TOOLS = [{"type": "function", "function": {"name": name, "parameters": {}}} for name in ("f", "g")]
MARK = {"cache_control": {"type": "ephemeral"}}


def sent(*messages: JsonObject, model: str = "anthropic/claude-sonnet-5", stable: int = 0) -> Outgoing:
    return outgoing(ModelRequest(model=model, messages=messages, tools=TOOLS, stable=stable))


def marks(value: object) -> int:
    return str(value).count("cache_control")


def test_tools_system_shared_part_and_last_message_are_marked() -> None:
    out = sent(SYSTEM, SHARED, OWN, *LATER, stable=2)
    assert out.tools == [TOOLS[0], {**TOOLS[1], **MARK}]
    assert out.messages[0] == {**SYSTEM, **MARK}
    assert out.messages[1]["content"] == [
        {"type": "text", "text": "The project.", **MARK},
        {"type": "text", "text": "Your task."},
    ]
    assert out.messages[-1] == {"role": "tool", "tool_call_id": "a", "name": "f", "content": "x", **MARK}
    assert marks([out.tools, out.messages]) == 4


def test_the_first_request_marks_the_end_of_its_only_message_too() -> None:
    out = sent(SYSTEM, SHARED, OWN, stable=2)
    assert out.messages[1]["content"] == [
        {"type": "text", "text": "The project.", **MARK},
        {"type": "text", "text": "Your task.", **MARK},
    ]
    assert marks([out.tools, out.messages]) == 4


@pytest.mark.parametrize("stable", [0, 1, 2, 3, 9])
def test_there_are_never_more_than_four_marks(stable: int) -> None:
    for messages in (
        [SYSTEM],
        [SYSTEM, SHARED],
        [SYSTEM, SHARED, OWN],
        [SYSTEM, SYSTEM, SHARED, OWN, *LATER, *LATER],
    ):
        out = sent(*messages, stable=stable)
        assert marks([out.tools, out.messages]) <= 4


@pytest.mark.parametrize(
    "model", ["openai/gpt-5.2", "gemini/g", "deepseek/deepseek-chat", "openrouter/openai/gpt-5.2"]
)
def test_other_providers_are_sent_no_marks(model: str) -> None:
    out = sent(SYSTEM, SHARED, OWN, model=model, stable=2)
    assert marks([out.tools, out.messages]) == 0
    assert out.messages[1]["content"] == "The project.\n\nYour task."


def test_claude_elsewhere_has_its_marks_in_messages_alone() -> None:
    out = sent(SYSTEM, SHARED, model="openrouter/anthropic/claude-sonnet-4.6")
    assert (marks(out.tools), marks(out.messages)) == (0, 2)
