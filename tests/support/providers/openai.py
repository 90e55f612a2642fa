"""OpenAI's chat completions, and the servers that speak as it does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from support.openai_server import Provider, Refused, completion, text_of

NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_FIELDS = {
    "system": {"role", "content", "name"},
    "developer": {"role", "content", "name"},
    "user": {"role", "content", "name"},
    "assistant": {"role", "content", "name", "tool_calls", "refusal", "audio", "function_call"},
    "tool": {"role", "content", "tool_call_id", "name"},
}
_MOST_TOOLS = 128
_LONGEST_ID = 40


class OpenAI(Provider):
    """OpenAI itself."""

    fields: ClassVar[Mapping[str, set[str]]] = _FIELDS

    def answer(self, reply: Mapping[str, Any], body: dict[str, Any], n: int) -> dict[str, Any]:
        shown = {
            key: value
            for key, value in reply.items()
            if key != "reasoning" or "reasoning_content" in self.fields["assistant"]
        }
        return completion(shown, body, n)

    def refuse(self, path: str, body: dict[str, Any]) -> Refused | None:
        if not path.endswith("/chat/completions"):
            return Refused(404, {"error": {"message": f"Invalid URL (POST {path})"}})
        fault = next(self.faults(body), None)
        return None if fault is None else self.error(fault)

    def error(self, message: str, status: int = 400) -> Refused:
        body = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
        return Refused(status, {"error": body})

    def faults(self, body: dict[str, Any]) -> Iterator[str]:
        """What is wrong with the request, the first thing first."""
        if has_lone_surrogate(body):
            yield (
                "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP "
                "library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)"
            )
        tools = body.get("tools")
        if tools is not None and not tools:
            yield "Invalid 'tools': empty array. Expected an array with minimum length 1, but got an empty array instead."
        if len(tools or ()) > _MOST_TOOLS:
            yield (
                "Invalid 'tools': array too long. Expected an array with maximum length 128, but got an array with "
                f"length {len(tools)} instead."
            )
        for index, message in enumerate(body["messages"]):
            yield from self._message_faults(index, message)
        yield from turn_faults(body["messages"])

    def _message_faults(self, index: int, message: Mapping[str, Any]) -> Iterator[str]:
        known = self.fields.get(message.get("role", ""))
        if known is None:
            yield f"Invalid value: '{message.get('role')}'. Supported values are: 'system', 'assistant', 'user', 'tool'."
            return
        for name in message.keys() - known:
            yield f"Additional properties are not allowed ('{name}' was unexpected) - 'messages.{index}'"
        calls = message.get("tool_calls")
        if message.get("content") is None and not calls:
            yield "Invalid value for 'content': expected a string, got null."
        if calls is not None and not calls:
            yield f"[] is too short - 'messages.{index}.tool_calls'"
        for number, call in enumerate(calls or ()):
            where = f"messages[{index}].tool_calls[{number}]"
            if not NAME.fullmatch(call["function"]["name"]):
                yield (
                    f"Invalid '{where}.function.name': string does not match pattern. Expected a string that matches "
                    "the pattern '^[a-zA-Z0-9_-]+$'."
                )
            if len(call["id"]) > _LONGEST_ID:
                yield (
                    f"Invalid '{where}.id': string too long. Expected a string with maximum length 40, but got a string "
                    f"with length {len(call['id'])} instead."
                )


def turn_faults(messages: list[dict[str, Any]]) -> Iterator[str]:
    """Tool calls without results, and results without calls."""
    open_calls: list[str] = []
    for message in messages:
        if message["role"] == "tool":
            if message.get("tool_call_id") not in open_calls:
                yield (
                    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with "
                    "'tool_calls'."
                )
                return
            open_calls.remove(message["tool_call_id"])
            continue
        if open_calls:
            break
        open_calls = [call["id"] for call in message.get("tool_calls") or ()]
    if open_calls:
        yield (
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
            f"'tool_call_id'. The following tool_call_ids did not have response messages: {', '.join(open_calls)}"
        )


def has_lone_surrogate(value: object) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


class DeepSeek(OpenAI):
    """DeepSeek in thinking mode: the reasoning beside tool calls has to come back."""

    def __init__(self) -> None:
        self.issued: dict[str, str] = {}
        """Reasoning by the id of the first tool call beside it."""

    fields: ClassVar[Mapping[str, set[str]]] = {
        **_FIELDS,
        "assistant": _FIELDS["assistant"] | {"reasoning_content", "prefix"},
    }

    def answer(self, reply: Mapping[str, Any], body: dict[str, Any], n: int) -> dict[str, Any]:
        answer = super().answer(reply, body, n)
        message = answer["choices"][0]["message"]
        message.setdefault("reasoning_content", "")
        for call in message.get("tool_calls", ())[:1]:
            self.issued[call["id"]] = message["reasoning_content"]
        return answer

    def faults(self, body: dict[str, Any]) -> Iterator[str]:
        yield from super().faults(body)
        for message in body["messages"]:
            if message["role"] != "assistant" or not message.get("tool_calls"):
                continue
            issued = self.issued.get(message["tool_calls"][0]["id"], "")
            thought = message.get("reasoning_content")
            if thought is None or (issued and thought != issued):
                yield "The `reasoning_content` in the thinking mode must be passed back to the API."


class Mistral(OpenAI):
    """Mistral: ids of nine characters, and nothing from the user directly after a tool's result."""

    def error(self, message: str, status: int = 400) -> Refused:
        body = {"message": message, "type": "invalid_request_message_order", "param": None, "code": "3230"}
        return Refused(status, {"object": "error", **body})

    def faults(self, body: dict[str, Any]) -> Iterator[str]:
        yield from super().faults(body)
        for before, message in zip(body["messages"], body["messages"][1:], strict=False):
            if before["role"] == "tool" and message["role"] in ("user", "system"):
                yield f"Unexpected role '{message['role']}' after role 'tool'"
        for message in body["messages"]:
            for call in message.get("tool_calls") or ():
                if not re.fullmatch(r"[a-zA-Z0-9]{9}", call["id"]):
                    yield f"Tool call id was {call['id']} but must be a-z, A-Z, 0-9, with a length of 9."


class StreamOnly(OpenAI):
    """An endpoint that only streams."""

    def faults(self, body: dict[str, Any]) -> Iterator[str]:
        if not body.get("stream"):
            yield "This model only support stream mode, please enable the stream parameter to access the model."
        yield from super().faults(body)


class VLLM(OpenAI):
    """vLLM: it parses the arguments of tool calls for the model's template, and tells its window."""

    window = 32_768

    def error(self, message: str, status: int = 400) -> Refused:
        return Refused(
            status, {"error": {"message": message, "type": "BadRequestError", "param": None, "code": status}}
        )

    def look_up(self, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        if not path.endswith("/models"):
            return None
        row = {"id": "served", "object": "model", "owned_by": "vllm", "max_model_len": self.window}
        return {"object": "list", "data": [row]}

    def faults(self, body: dict[str, Any]) -> Iterator[str]:
        yield from super().faults(body)
        for message in body["messages"]:
            for call in message.get("tool_calls") or ():
                try:
                    parsed = json.loads(call["function"]["arguments"])
                except ValueError as error:
                    yield str(error)
                    continue
                if not isinstance(parsed, dict):
                    yield f"Can only get item pairs from a mapping. {type(parsed)}"
        prompt, answer = tokens_of(body), body.get("max_tokens") or body.get("max_completion_tokens") or 0
        if prompt + answer > self.window:
            yield (
                f"This model's maximum context length is {self.window} tokens. However, you requested "
                f"{prompt + answer} tokens ({prompt} in the messages, {answer} in the completion). Please reduce the "
                "length of the messages or completion."
            )


class LlamaCpp(OpenAI):
    """llama.cpp with a template whose users and assistants take turns."""

    window = 16_384
    _ORDER = (
        "After the optional system message, conversation roles must alternate user and assistant roles except for tool "
        "calls and results."
    )
    fields: ClassVar[Mapping[str, set[str]]] = {
        **_FIELDS,
        "assistant": _FIELDS["assistant"] | {"reasoning_content"},
    }

    def look_up(self, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        if path == "/props":
            return {"default_generation_settings": {"n_ctx": self.window}, "total_slots": 1}
        if path.endswith("/models"):
            meta = {"n_ctx_train": 131_072, "n_vocab": 1}
            return {"object": "list", "data": [{"id": "served", "owned_by": "llamacpp", "meta": meta}]}
        return None

    def error(self, message: str, status: int = 500) -> Refused:
        return Refused(status, {"error": {"code": status, "message": message, "type": "server_error"}})

    def refuse(self, path: str, body: dict[str, Any]) -> Refused | None:
        size = tokens_of(body)
        if size > self.window:
            text = f"the request exceeds the available context size ({self.window} tokens), try increasing it"
            error = {"code": 400, "message": text, "type": "exceed_context_size_error"}
            return Refused(400, {"error": {**error, "n_prompt_tokens": size, "n_ctx": self.window}})
        return super().refuse(path, body)

    def faults(self, body: dict[str, Any]) -> Iterator[str]:
        yield from super().faults(body)
        for message in body["messages"]:
            if not isinstance(message.get("content"), str | list):
                yield "Invalid 'content' type: expected string or array, got null"
            for call in message.get("tool_calls") or ():
                try:
                    json.loads(call["function"]["arguments"])
                except ValueError as error:
                    yield f"Failed to parse tool call arguments as JSON: [json.exception.parse_error.101] {error}"
        turns = [
            message["role"]
            for message in body["messages"]
            if message["role"] == "user" or (message["role"] == "assistant" and not message.get("tool_calls"))
        ]
        if any(role != ("user", "assistant")[index % 2] for index, role in enumerate(turns)):
            yield f"\n------------\nWhile executing CallExpression at line 189\nError: Jinja Exception: {self._ORDER}"


def tokens_of(body: Mapping[str, Any]) -> int:
    """About how many tokens a prompt has: four characters each, as devassist estimates."""
    size = sum(
        len(text_of(message)) + len(str(message.get("tool_calls") or "")) for message in body["messages"]
    )
    return (size + len(json.dumps(body.get("tools") or []))) // 4
