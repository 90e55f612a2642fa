"""A provider's completion as our ModelReply: whole, with unique call ids and sound counts. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from devassist.domain.errors import ModelError
from devassist.domain.events import JsonObject, Reasoning
from devassist.llm.wire.usage import part, tokens_of
from devassist.ports import ModelReply, ModelRequest, ToolCall

_SIGNED = "__thought__"
"""Between a tool call's id and Gemini's thought signature, where litellm makes one text of the two."""
_FIELDS = ("thought_signatures", "reasoning_details")
"""The provider's own fields of a message that belong to its reasoning: Gemini's, and OpenRouter's."""


def reply_from(answer: object, request: ModelRequest) -> ModelReply:
    """
    Read an OpenAI-shaped answer, a litellm object or a mapping. Its price is left out.

    Raises ModelError of kind bad_reply if there is no message, content_filter if it was withheld.
    """
    first = next(iter(_items(part(answer, "choices"))), None)
    message = part(first, "message")
    if message is None:
        raise ModelError(
            f"model {request.model} sent a reply without a message", kind="bad_reply", retryable=True
        )
    finish = str(part(first, "finish_reason") or "")
    content = _text(part(message, "content")) or _refusal(message)
    raw = _raw_calls(message)
    calls = _tool_calls(raw, used=_ids_in(request.messages))
    if finish == "content_filter" and not content and not calls:
        raise ModelError(f"model {request.model} withheld its reply: content filter", kind="content_filter")
    tokens = tokens_of(part(answer, "usage"), request, content, calls)
    return ModelReply(
        content=content,
        tool_calls=calls,
        finish_reason=finish,
        model=str(part(answer, "model") or request.model),
        response_id=str(part(answer, "id") or ""),
        input_tokens=tokens.input,
        output_tokens=tokens.output,
        cached_input_tokens=tokens.cached,
        cache_written_tokens=tokens.written,
        estimated=tokens.estimated,
        reasoning=_reasoning(
            message, request.model, dict(zip([call.id for call in calls], raw, strict=True))
        ),
    )


def _items(value: object) -> Sequence[object]:
    """`value` if it is a list; empty if a provider sent something else."""
    return value if isinstance(value, Sequence) and not isinstance(value, str | bytes) else ()


def _text(content: object) -> str:
    """A string, or the text of content parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, Sequence):
        return ""
    texts = [piece if isinstance(piece, str) else part(piece, "text") for piece in content]
    return "\n".join(text for text in texts if isinstance(text, str))


def _refusal(message: object) -> str:
    """OpenAI's models refuse in a field of its own, which litellm keeps beside the message."""
    refusal = part(message, "refusal") or part(part(message, "provider_specific_fields"), "refusal")
    return refusal if isinstance(refusal, str) else ""


def _raw_calls(message: object) -> Sequence[object]:
    calls = list(_items(part(message, "tool_calls")))
    # OpenAI's name for a tool call before there were tools; old servers still use it.
    function = part(message, "function_call")
    return [{"function": function}] if function and not calls else calls


def _tool_calls(raw: Iterable[object], *, used: set[str]) -> tuple[ToolCall, ...]:
    """In the model's order. An id already in the transcript would pair a result with the wrong call."""
    calls: list[ToolCall] = []
    for call in raw:
        function = part(call, "function")
        unique = _unique(str(part(call, "id") or "").partition(_SIGNED)[0], used)
        used.add(unique)
        name = str(part(function, "name") or "")
        calls.append(ToolCall(id=unique, name=name, arguments=_arguments(part(function, "arguments"))))
    return tuple(calls)


def _reasoning(message: object, model: str, calls: Mapping[str, object]) -> Reasoning:
    """What the model thought, as it has to be sent back; `calls` are the raw tool calls by the ids they have now."""
    text = part(message, "reasoning_content")
    fields = part(message, "provider_specific_fields")
    return Reasoning(
        model=model,
        text=text if isinstance(text, str) else "",
        blocks=tuple(kept for block in _items(part(message, "thinking_blocks")) if (kept := _plain(block))),
        fields=_plain({name: value for name in _FIELDS if (value := part(fields, name))}),
        calls={name: signed for name, call in calls.items() if (signed := _signed(call))},
    )


def _signed(call: object) -> JsonObject:
    """The fields that a provider wants back with a tool call; litellm writes Gemini's signature into the id, too."""
    own = part(call, "provider_specific_fields") or part(part(call, "function"), "provider_specific_fields")
    _, _, signature = str(part(call, "id") or "").partition(_SIGNED)
    return _plain(own) or ({"thought_signature": signature} if signature else {})


def _plain(value: object) -> JsonObject:
    """A mapping, or one of litellm's objects, as a JSON object: it goes into the log. Empty for anything else."""
    try:
        plain = json.loads(json.dumps(value, default=_dumped))
    except (TypeError, ValueError, RecursionError):
        return {}
    return plain if isinstance(plain, dict) else {}


def _dumped(value: object) -> object:
    dump = getattr(value, "model_dump", None)
    return (
        dump(exclude_none=True)
        if callable(dump)
        else dict(value)
        if isinstance(value, Mapping)
        else str(value)
    )


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
