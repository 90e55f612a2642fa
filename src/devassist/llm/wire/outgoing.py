"""A request's messages and tools as its provider accepts them. What is in the log stays as the model wrote it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from devassist.domain.events import JsonObject
from devassist.llm.wire.caching import (
    as_parts,
    wants_marks,
    with_mark_after_tools,
    with_marks,
    with_stable_mark,
)
from devassist.llm.wire.dialect import Dialect, dialect_of
from devassist.llm.wire.reasoning import with_reasoning
from devassist.llm.wire.tool_turns import clean, in_turns
from devassist.ports import ModelRequest

_NOTHING = "[nothing]"
_GO_ON = "Go on."
_BEGIN = "Begin."


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """What is sent, in OpenAI's shape; litellm translates it. Nothing in it is shared with the request."""

    messages: Sequence[JsonObject]
    tools: Sequence[JsonObject]


def outgoing(request: ModelRequest, *, takes_turns: bool = False) -> Outgoing:
    """
    The messages and tools of `request`, made acceptable; `takes_turns` if the server insists on that after results.

    No text is empty or invalid Unicode. Each tool call is valid JSON, has a valid id and exactly one result directly
    after it. After the system's message the user begins, then user and assistant take turns, and the user ends.
    """
    dialect = dialect_of(request.model, takes_turns=takes_turns)
    messages = with_reasoning(request.messages, request.reasoning, request.model)
    marks = wants_marks(request.model)
    if marks and request.stable:
        messages = with_stable_mark(messages, request.stable)
    cleaned = [message for message in map(clean, messages) if isinstance(message, dict)]
    turns = _said(in_turns(_system_first(cleaned), dialect), dialect)
    alternating = _alternating(turns, dialect)
    tools = [tool for tool in map(clean, request.tools) if isinstance(tool, dict)]
    if not marks:
        return Outgoing(messages=alternating, tools=tools)
    return Outgoing(messages=with_marks(alternating), tools=with_mark_after_tools(tools, request.model))


def _system_first(messages: Sequence[JsonObject]) -> list[JsonObject]:
    """What the system says first is one message; what it says later is said by the user."""
    leading = 0
    while leading < len(messages) and messages[leading].get("role") == "system":
        leading += 1
    first = [joined(messages[:leading])] if leading else []
    later = [
        {**message, "role": "user"} if message.get("role") not in ("user", "assistant", "tool") else message
        for message in messages[leading:]
    ]
    return [*first, *later]


def _said(messages: Iterable[JsonObject], dialect: Dialect) -> Iterator[JsonObject]:
    """The messages without an empty one."""
    for message in messages:
        content = message.get("content")
        is_blank = not content.strip() if isinstance(content, str) else not content
        if not is_blank:
            yield message
        elif message.get("tool_calls"):
            yield {**message, "content": None if dialect.blank_is_null else ""}
        else:
            yield {**message, "content": _NOTHING}


def _alternating(messages: Iterable[JsonObject], dialect: Dialect) -> list[JsonObject]:
    out: list[JsonObject] = []
    for message in messages:
        role, last = message.get("role"), out[-1].get("role") if out else "system"
        if role == "assistant" and last in ("system", "assistant"):
            out.append({"role": "user", "content": _BEGIN if last == "system" else _GO_ON})
        if role == "user" and (last == "user" or (last == "tool" and not dialect.user_after_result)):
            out[-1] = joined([out[-1], message])
        else:
            out.append(message)
    if not out or out[-1].get("role") in ("system", "assistant"):
        out.append({"role": "user", "content": _GO_ON if len(out) > 1 else _BEGIN})
    return out


def joined(messages: Sequence[JsonObject]) -> JsonObject:
    """The messages as one, with the role of the first."""
    contents = [message.get("content") or "" for message in messages]
    if all(isinstance(content, str) for content in contents):
        return {**messages[0], "content": "\n\n".join(str(content) for content in contents if content)}
    parts = [part for content in contents for part in as_parts(content)]
    return {**messages[0], "content": parts}
