"""Tool calls as CrewAI's loop gets them: by our names, and none that it would make though we have rejected it."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace

from crewai.utilities.string_utils import sanitize_tool_name

from devassist.crew.text_protocol.replies import without_thoughts
from devassist.crew.text_protocol.tool_text import text_calls
from devassist.ports import ModelReply, ToolCall


class _Function:
    __slots__ = ("arguments", "name")

    def __init__(self, call: ToolCall) -> None:
        self.name = call.name
        self.arguments = call.arguments


class CrewCall:
    """A tool call in the shape that CrewAI's loop expects."""

    __slots__ = ("function", "id", "type")

    def __init__(self, call: ToolCall) -> None:
        self.id = call.id
        self.type = "function"
        self.function = _Function(call)


def with_our_names(reply: ModelReply, offered: Collection[str]) -> ModelReply:
    """The reply with the `offered` tools by our names; models also write `ReadFile` or `functions.read_file`."""
    calls: list[ToolCall] = []
    for call in reply.tool_calls:
        name = sanitize_tool_name(call.name.rpartition(".")[2])
        calls.append(replace(call, name=name) if name in offered else call)
    return replace(reply, tool_calls=calls)


def with_calls_of_text(reply: ModelReply, offered: Collection[str], turn: int) -> ModelReply:
    """The reply with the tool calls that its text is meant to be, if it has no others; `turn` makes their ids."""
    found = [] if reply.tool_calls else text_calls(without_thoughts(reply.content), offered)
    if not found:
        return reply
    calls = [
        ToolCall(id=f"text_{turn}_{number}", name=call.name, arguments=call.arguments)
        for number, call in enumerate(found)
    ]
    return replace(reply, content="", tool_calls=calls)


def with_stand_ins(reply: ModelReply, rejected: Collection[int]) -> ModelReply:
    """
    The reply with an unknown tool in the place of each call whose index is `rejected`.

    CrewAI would make some of them all the same: it reads `null` as no arguments, and `WriteFile` as `write_file`.
    """
    calls = [
        ToolCall(id=call.id, name="rejected", arguments=json.dumps({"call": call.id}))
        if index in rejected
        else call
        for index, call in enumerate(reply.tool_calls)
    ]
    return replace(reply, tool_calls=calls)
