"""A provider's completion as our ModelReply: whole, with unique call ids and sound counts. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from devassist.domain.errors import ModelError
from devassist.domain.events import JsonObject
from devassist.llm.transport import count
from devassist.ports import ModelReply, ModelRequest, ToolCall


def reply_from(answer: object, request: ModelRequest, *, usd: float | None = None) -> ModelReply:
    """
    Read an OpenAI-shaped answer, a litellm object or a mapping.

    Raises ModelError of kind bad_reply if there is no message, content_filter if it was withheld.
    """
    first = next(iter(_items(_part(answer, "choices"))), None)
    message = _part(first, "message")
    if message is None:
        raise ModelError(
            f"model {request.model} sent a reply without a message", kind="bad_reply", retryable=True
        )
    finish = str(_part(first, "finish_reason") or "")
    content = _text(_part(message, "content"))
    calls = _tool_calls(message, used=_ids_in(request.messages))
    if finish == "content_filter" and not content and not calls:
        raise ModelError(f"model {request.model} withheld its reply: content filter", kind="content_filter")
    usage = _part(answer, "usage")
    return ModelReply(
        content=content,
        tool_calls=calls,
        finish_reason=finish,
        model=str(_part(answer, "model") or request.model),
        response_id=str(_part(answer, "id") or ""),
        input_tokens=count(_part(usage, "prompt_tokens")),
        output_tokens=count(_part(usage, "completion_tokens")),
        usd=usd,
    )


def _part(whole: object, name: str) -> object:
    part: object = whole.get(name) if isinstance(whole, Mapping) else getattr(whole, name, None)
    return part


def _items(value: object) -> Sequence[object]:
    """`value` if it is a list; empty if a provider sent something else."""
    return value if isinstance(value, Sequence) else ()


def _text(content: object) -> str:
    """A string, or the text of content parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, Sequence):
        return ""
    texts = [part if isinstance(part, str) else _part(part, "text") for part in content]
    return "\n".join(text for text in texts if isinstance(text, str))


def _tool_calls(message: object, *, used: set[str]) -> tuple[ToolCall, ...]:
    """In the model's order. An id already in the transcript would pair a result with the wrong call."""
    raw = [(_part(call, "id"), _part(call, "function")) for call in _items(_part(message, "tool_calls"))]
    # OpenAI's name for a tool call before there were tools; old servers still use it.
    if not raw and (function := _part(message, "function_call")):
        raw = [(None, function)]
    calls: list[ToolCall] = []
    for call_id, function in raw:
        unique = _unique(str(call_id or ""), used)
        used.add(unique)
        name = str(_part(function, "name") or "")
        calls.append(ToolCall(id=unique, name=name, arguments=_arguments(_part(function, "arguments"))))
    return tuple(calls)


def _unique(wanted: str, used: set[str]) -> str:
    if wanted and wanted not in used:
        return wanted
    stem = wanted or "call"
    number = 1
    while f"{stem}_{number}" in used:
        number += 1
    return f"{stem}_{number}"


def _arguments(value: object) -> str:
    """The raw JSON text. Some servers send an object, and nothing at all for a call without arguments."""
    if isinstance(value, str):
        return value if value.strip() else "{}"
    return "{}" if value is None else json.dumps(value, ensure_ascii=False, default=str)


def _ids_in(messages: Iterable[JsonObject]) -> set[str]:
    calls = (call for message in messages for call in _items(message.get("tool_calls")))
    return {str(call.get("id")) for call in calls if isinstance(call, Mapping) and call.get("id")}
