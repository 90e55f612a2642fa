"""
Fits a conversation into a model's window by leaving out what is oldest.

It shortens several messages at a time, more than it must: a provider's cache finds the beginning of a conversation only
as long as none of it changes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence

from devassist.crew.conversation.transcript import Conversation
from devassist.domain.events import JsonObject
from devassist.ports import ModelRequest

_BYTES_PER_TOKEN = 4
_SHARE = 0.8
"""Of the window, for the prompt: the rest is for the reply, and for tokens that are shorter than estimated."""
_AFTER_OVERFLOW = 0.7
_SMALLEST_WINDOW = 3_000
_KEPT_RESULTS = 6
_TOGETHER = 8
_LONG = 400
"""Characters of an argument; a longer one is left out of an old call."""
_CUT = 1_500
"""Characters that are left of a newer result."""
_EVIDENCE = 80
"""Characters at the end of a result in which its evidence line is."""

_Shortening = tuple[int, Callable[[JsonObject], JsonObject]]


def fitted(conversation: Conversation, window: int, *, tools: Sequence[JsonObject] = ()) -> Conversation:
    """
    The conversation, shortened until it and the `tools` fit a window of `window` tokens, as far as that can be done.

    First old results of tools go, then long arguments of old calls, then the middle of newer results.
    """
    budget = int(window * _SHARE) - _tokens(json.dumps(list(tools)))
    over = tokens_of(conversation) - budget
    messages = list(conversation.messages)
    for number, (index, shorten) in enumerate(_shortenings(conversation)):
        if over <= 0 and number % _TOGETHER == 0:
            break
        short = shorten(messages[index])
        over -= _size(messages[index]) - _size(short)
        messages[index] = short
    return Conversation(messages=messages, reasoning=conversation.reasoning)


def tokens_of(conversation: Conversation) -> int:
    """About how many tokens the conversation has."""
    thoughts = (f"{thought.text}{thought.blocks or ''}" for thought in conversation.reasoning.values())
    return sum(map(_size, conversation.messages)) + sum(map(_tokens, thoughts)) + 1


def window_after_overflow(request: ModelRequest, window: int) -> int:
    """A smaller window to try, since `request` was too long for the model; 0 if there is none left."""
    sent = tokens_of(Conversation(messages=request.messages, reasoning=request.reasoning))
    sent += _tokens(json.dumps(list(request.tools)))
    smaller = int(min(window, sent / _SHARE) * _AFTER_OVERFLOW)
    return smaller if smaller >= _SMALLEST_WINDOW else 0


def _shortenings(conversation: Conversation) -> Iterator[_Shortening]:
    """What can be shortened, in the order in which it is."""
    messages = conversation.messages
    results = [index for index, message in enumerate(messages) if message.get("role") == "tool"]
    old, new = results[:-_KEPT_RESULTS], results[-_KEPT_RESULTS:]
    yield from ((index, _left_out) for index in old)
    last = new[0] if new else len(messages)
    for index, message in enumerate(messages[:last]):
        thought = conversation.reasoning.get(index)
        if message.get("tool_calls") and not (thought and thought.calls):  # what is signed stays as it is
            yield index, _without_long_arguments
    yield from ((index, _without_middle) for index in new)


def _left_out(result: JsonObject) -> JsonObject:
    content = str(result.get("content") or "")
    short = "[an older result, left out to save room]\n" + content[-_EVIDENCE:].rpartition("\n")[2]
    return {**result, "content": short} if len(short) < len(content) else result


def _without_middle(result: JsonObject) -> JsonObject:
    content = str(result.get("content") or "")
    half = _CUT // 2
    left = len(content) - 2 * half
    if left <= _EVIDENCE:
        return result
    return {
        **result,
        "content": f"{content[:half]}\n[... {left} characters left out to save room ...]\n{content[-half:]}",
    }


def _without_long_arguments(message: JsonObject) -> JsonObject:
    calls = message.get("tool_calls")
    return (
        {**message, "tool_calls": [_short_call(call) for call in calls]}
        if isinstance(calls, Sequence)
        else message
    )


def _short_call(call: JsonObject) -> JsonObject:
    function = call.get("function")
    text = str(function.get("arguments") or "") if isinstance(function, dict) else ""
    if not isinstance(function, dict) or len(text) <= _LONG:
        return call
    try:
        arguments = json.loads(text)
    except (ValueError, RecursionError):
        arguments = None
    if not isinstance(arguments, dict):
        return {**call, "function": {**function, "arguments": "{}"}}
    short = {
        name: f"[{len(value)} characters left out to save room]" if _is_long(value) else value
        for name, value in arguments.items()
    }
    return {**call, "function": {**function, "arguments": json.dumps(short, ensure_ascii=False)}}


def _is_long(value: object) -> bool:
    return isinstance(value, str) and len(value) > _LONG


def _size(message: JsonObject) -> int:
    return _tokens(f"{message.get('content') or ''}{message.get('tool_calls') or ''}")


def _tokens(text: str) -> int:
    """Bytes, not characters: few languages but English have words that are one token each."""
    return len(text.encode("utf-8", "surrogatepass")) // _BYTES_PER_TOKEN
