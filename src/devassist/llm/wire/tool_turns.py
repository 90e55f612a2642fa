"""Tool calls and results as every server accepts them: valid ids, names and arguments, one result per call. Pure."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from devassist.domain.events import JsonObject
from devassist.llm.wire.dialect import Dialect

NO_RESULT = "[there is no result of this call]"
NOT_JSON = "arguments_that_were_not_a_json_object"
"""The only key of the arguments that are sent for those that no server would parse."""
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_LONGEST_NAME = 64
_SURROGATE = re.compile("[\ud800-\udfff]")


def clean(value: object) -> object:
    """A JSON-shaped value whose texts are all valid Unicode; models and files have lone surrogates."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, Mapping):
        return {clean_text(str(key)): clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item) for item in value]
    return value


def clean_text(text: str) -> str:
    """The text with pairs of surrogates joined, and the replacement character for lone ones."""
    return (
        text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if _SURROGATE.search(text)
        else text
    )


@dataclass
class CallIds:
    """Ids of tool calls as one provider takes them: valid, and unique in the conversation."""

    dialect: Dialect
    _given: set[str] = field(default_factory=set)

    def new(self, wanted: str) -> str:
        """`wanted`, or an id that always takes its place."""
        number = 0
        given = wanted
        while given in self._given or not self.dialect.call_id.fullmatch(given):
            digest = hashlib.sha256(f"{wanted}\n{number}".encode("utf-8", "surrogatepass")).hexdigest()
            given = digest[: self.dialect.call_id_length]
            number += 1
        self._given.add(given)
        return given


def in_turns(messages: Sequence[JsonObject], dialect: Dialect) -> Iterator[JsonObject]:
    """
    The messages with each tool result directly after its call, and exactly one for each.

    A result without a call is said by the user.
    """
    ids = CallIds(dialect)
    index = 0
    while index < len(messages):
        message = messages[index]
        index += 1
        calls = _calls(message)
        if message.get("role") == "assistant" and calls:
            end = _next_assistant(messages, index)
            yield from _turn(message, calls, messages[index:end], ids)
            index = end
        elif message.get("role") == "tool":
            yield _stray(message)
        else:
            yield {key: value for key, value in message.items() if key != "tool_calls"}


def _next_assistant(messages: Sequence[JsonObject], start: int) -> int:
    return next(
        (at for at in range(start, len(messages)) if messages[at].get("role") == "assistant"), len(messages)
    )


def _turn(
    message: JsonObject, calls: Sequence[JsonObject], following: Sequence[JsonObject], ids: CallIds
) -> Iterator[JsonObject]:
    """One assistant's message with calls, its results in the order of the calls, then what else was said."""
    results = [entry for entry in following if entry.get("role") == "tool"]
    given = [ids.new(str(call.get("id") or "")) for call in calls]
    yield {**message, "tool_calls": [_call(call, id_) for call, id_ in zip(calls, given, strict=True)]}
    for call, id_ in zip(calls, given, strict=True):
        result = next((entry for entry in results if entry.get("tool_call_id") == call.get("id")), None)
        if result is not None:
            results.remove(result)
        content = (result or {}).get("content")
        yield {
            "role": "tool",
            "tool_call_id": id_,
            "name": _name(call),
            "content": content if _is_said(content) else NO_RESULT,
        }
    yield from (_stray(entry) for entry in results)
    yield from (entry for entry in following if entry.get("role") != "tool")


def _calls(message: JsonObject) -> Sequence[JsonObject]:
    calls = message.get("tool_calls")
    return [call for call in calls if isinstance(call, Mapping)] if isinstance(calls, list | tuple) else []


def _is_said(content: object) -> bool:
    return bool(content.strip()) if isinstance(content, str) else bool(content)


def _stray(result: JsonObject) -> JsonObject:
    return {"role": "user", "content": f"[the result of a tool call]\n{result.get('content') or NO_RESULT}"}


def _call(call: JsonObject, id_: str) -> JsonObject:
    function = call.get("function")
    arguments = function.get("arguments") if isinstance(function, Mapping) else None
    named = {"name": _name(call), "arguments": json_object(arguments)}
    return {**call, "id": id_, "type": "function", "function": named}


def _name(call: JsonObject) -> str:
    """The tool's name; of one that a model made up, what servers take for a name."""
    function = call.get("function")
    name = str(function.get("name") or "") if isinstance(function, Mapping) else ""
    if _NAME.fullmatch(name):
        return name
    return re.sub(r"[^a-zA-Z0-9_-]", "_", name)[:_LONGEST_NAME] or "unnamed"


def json_object(arguments: object) -> str:
    """The text of a JSON object: the model's own if it is one, else an object that holds the text."""
    if isinstance(arguments, Mapping):
        return json.dumps(clean(arguments), ensure_ascii=False)
    text = arguments if isinstance(arguments, str) else ""
    if not text.strip():
        return "{}"
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite)
        cleaned = clean(value)
        rewritten = json.dumps(cleaned, ensure_ascii=False)
    except (ValueError, RecursionError):
        return _as_text(text)
    if not isinstance(value, dict):
        return _as_text(text)
    return text if cleaned == value and not _SURROGATE.search(text) else rewritten


def _as_text(arguments: str) -> str:
    return json.dumps({NOT_JSON: clean_text(arguments)}, ensure_ascii=False)


def _refuse(constant: str) -> float:
    raise ValueError(constant)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number
