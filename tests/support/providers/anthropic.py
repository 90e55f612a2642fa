"""Anthropic's messages: signed thinking, tool results directly after their calls, and a cache with breakpoints."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from support.openai_server import Provider, Refused
from support.providers.openai import has_lone_surrogate

_ID = re.compile(r"[a-zA-Z0-9_-]+")
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_TOP = {
    "model", "messages", "max_tokens", "system", "tools", "tool_choice", "temperature", "top_p", "top_k", "stop_sequences",
    "stream", "metadata", "thinking", "output_config", "service_tier", "container", "context_management",
}  # fmt: skip
_MOST_BREAKPOINTS = 4
_FINISH = {"length": "max_tokens", "stop": "end_turn", "tool_calls": "tool_use"}


def signature_of(thinking: str) -> str:
    return hashlib.sha256(f"anthropic:{thinking}".encode()).hexdigest()


class Anthropic(Provider):
    """A model that thinks when the script says so; `strict` if it wants its newest thoughts back."""

    strict = True

    def __init__(self) -> None:
        self._cached: set[str] = set()
        self._thought_of: set[str] = set()
        """The ids of tool calls that were thought about."""

    def refuse(self, path: str, body: dict[str, Any]) -> Refused | None:
        if not path.endswith("/v1/messages"):
            error = {"type": "not_found_error", "message": "Not Found"}
            return Refused(404, {"type": "error", "error": error})
        fault = next(self._faults(body), None)
        error = {"type": "invalid_request_error", "message": fault}
        return (
            None if fault is None else Refused(400, {"type": "error", "error": error, "request_id": "req_1"})
        )

    def answer(self, reply: Mapping[str, Any], body: dict[str, Any], n: int) -> dict[str, Any]:
        content: list[dict[str, Any]] = []
        if reply.get("reasoning"):
            thinking = reply["reasoning"]
            content.append({"type": "thinking", "thinking": thinking, "signature": signature_of(thinking)})
        if reply.get("hidden"):
            content.append({"type": "redacted_thinking", "data": signature_of(reply["hidden"])})
        if reply.get("content"):
            content.append({"type": "text", "text": reply["content"]})
        for number, (name, arguments) in enumerate(reply.get("tool_calls") or ()):
            made = arguments if isinstance(arguments, dict) else {}
            content.append({"type": "tool_use", "id": f"toolu_{n}_{number}", "name": name, "input": made})
        if reply.get("reasoning") or reply.get("hidden"):
            self._thought_of |= {block["id"] for block in content if block["type"] == "tool_use"}
        finish = reply.get("finish_reason") or ("tool_calls" if reply.get("tool_calls") else "stop")
        return {
            "id": f"msg_{n}",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": content,
            "stop_reason": _FINISH.get(finish, finish),
            "stop_sequence": None,
            "usage": self._usage(body),
        }

    def _usage(self, body: Mapping[str, Any]) -> dict[str, int]:
        """Tokens read from and written to the cache, by the prefixes that end at a breakpoint."""
        blocks = _blocks(body)
        sizes = [len(json.dumps(_plain(block))) // 4 for block in blocks]
        marks = [index for index, block in enumerate(blocks) if "cache_control" in block]
        prefixes = {index: _digest(blocks[: index + 1]) for index in range(len(blocks))}
        read = (
            max((index + 1 for index in prefixes if prefixes[index] in self._cached), default=0)
            if marks
            else 0
        )
        written = max([index + 1 for index in marks] + [read])
        self._cached |= {prefixes[index] for index in marks}
        return {
            "input_tokens": sum(sizes[written:]),
            "cache_read_input_tokens": sum(sizes[:read]),
            "cache_creation_input_tokens": sum(sizes[read:written]),
            "output_tokens": 10,
        }

    def _faults(self, body: dict[str, Any]) -> Iterator[str]:
        if has_lone_surrogate(body):
            yield "The request body is not valid JSON: no low surrogate in string: line 1 column 1 (char 0)"
        if "max_tokens" not in body:
            yield "max_tokens: Field required"
        for name in body.keys() - _TOP:
            yield f"{name}: Extra inputs are not permitted"
        marked = [block for block in _blocks(body) if "cache_control" in block]
        if len(marked) > _MOST_BREAKPOINTS:
            yield f"A maximum of 4 blocks with cache_control may be provided. Found {len(marked)}."
        if any(block.get("type") in ("thinking", "redacted_thinking") for block in marked):
            yield "messages.1.content.0.thinking.cache_control: Extra inputs are not permitted"
        yield from self._order_faults(body["messages"])
        for index, message in enumerate(body["messages"]):
            for number, block in enumerate(_parts(message["content"])):
                yield from self._block_faults(f"messages.{index}.content.{number}", block)
        yield from self._thinking_faults(body)

    def _order_faults(self, messages: list[dict[str, Any]]) -> Iterator[str]:
        if messages[0]["role"] != "user":
            yield 'messages: first message must use the "user" role'
        ids: set[str] = set()
        for index, (message, following) in enumerate(zip(messages, [*messages[1:], None], strict=True)):
            if following and message["role"] == following["role"]:
                yield (
                    'messages: roles must alternate between "user" and "assistant", but found multiple '
                    f'"{message["role"]}" roles in a row'
                )
            used = [block["id"] for block in _parts(message["content"]) if block["type"] == "tool_use"]
            if len(used) != len(set(used)) or ids & set(used):
                yield f"messages.{index}: `tool_use` ids must be unique"
            ids |= set(used)
            after = _parts(following["content"]) if following else []
            answered = [
                block.get("tool_use_id") for block in after[: len(used)] if block["type"] == "tool_result"
            ]
            if lost := [id_ for id_ in used if id_ not in answered]:
                yield (
                    f"messages.{index}: `tool_use` ids were found without `tool_result` blocks immediately after: "
                    f"{', '.join(lost)}. Each `tool_use` block must have a corresponding `tool_result` block in the "
                    "next message."
                )
            for number, block in enumerate(after):
                if block["type"] == "tool_result" and block["tool_use_id"] not in used:
                    yield (
                        f"messages.{index + 1}.content.{number}: unexpected `tool_use_id` found in `tool_result` "
                        f"blocks: {block['tool_use_id']}. Each `tool_result` block must have a corresponding "
                        "`tool_use` block in the previous message."
                    )
        if messages[-1]["role"] == "assistant":
            yield (
                "This model does not support assistant message prefill. The conversation must end with a user message."
            )

    def _block_faults(self, where: str, block: dict[str, Any]) -> Iterator[str]:
        match block["type"]:
            case "text" if not block["text"]:
                yield "messages: text content blocks must be non-empty"
            case "text" if not block["text"].strip():
                yield "messages: text content blocks must contain non-whitespace text"
            case "tool_use" if not _ID.fullmatch(block["id"]):
                yield f"{where}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"
            case "tool_use" if not _NAME.fullmatch(block["name"]):
                yield f"{where}.tool_use.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'"
            case "tool_use" if not isinstance(block["input"], dict):
                yield f"{where}.tool_use.input: Input should be a valid dictionary"
            case "thinking" if block.get("signature") != signature_of(block["thinking"]):
                yield f"{where}: Invalid `signature` in `thinking` block"

    def _thinking_faults(self, body: dict[str, Any]) -> Iterator[str]:
        """The assistant's newest message has to begin with its thinking, if it thought."""
        for index, message in reversed(list(enumerate(body["messages"]))):
            blocks = _parts(message["content"])
            if message["role"] != "assistant":
                continue
            if blocks[-1]["type"] in ("thinking", "redacted_thinking"):
                yield f"messages.{index}: The final block in an assistant message cannot be `thinking`."
            thought = any(block.get("id") in self._thought_of for block in blocks)
            if self.strict and thought and blocks[0]["type"] not in ("thinking", "redacted_thinking"):
                yield (
                    f"messages.{index}.content.0.type: Expected `thinking` or `redacted_thinking`, but found "
                    f"`{blocks[0]['type']}`. When `thinking` is enabled, a final `assistant` message must start with a "
                    "thinking block."
                )
            return


def _parts(content: Any) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _blocks(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The prompt in the order in which it is cached: tools, system, messages."""
    system = _parts(body.get("system") or [])
    return [
        *body.get("tools", ()),
        *system,
        *(b for message in body["messages"] for b in _parts(message["content"])),
    ]


def _digest(blocks: list[dict[str, Any]]) -> str:
    return hashlib.sha256(json.dumps([_plain(block) for block in blocks]).encode()).hexdigest()


def _plain(block: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in block.items() if key != "cache_control"}
