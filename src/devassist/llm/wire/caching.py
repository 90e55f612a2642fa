"""Where a provider is told to keep a prompt in its cache, if it wants to be told. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from devassist.domain.events import JsonObject
from devassist.llm.models.providers import provider_of

_MARK: JsonObject = {"type": "ephemeral"}


def wants_marks(model: str) -> bool:
    """Whether the prompt is cached only up to marks in it. Elsewhere providers find equal prefixes themselves."""
    provider = provider_of(model)
    return provider == "anthropic" or (
        provider in ("bedrock", "vertex_ai", "openrouter") and "claude" in model
    )


def with_stable_mark(messages: Sequence[JsonObject], stable: int) -> list[JsonObject]:
    """The messages with a mark after the first `stable` of them, which are equal for all agents."""
    return [
        {**message, "content": marked_parts(message.get("content"))} if index == stable - 1 else message
        for index, message in enumerate(messages)
    ]


def with_marks(messages: Sequence[JsonObject]) -> list[JsonObject]:
    """The messages with marks after what the system says and after the last: the next request begins with all of it."""
    last = len(messages) - 1
    return [
        _marked(message) if index == last or message.get("role") == "system" else message
        for index, message in enumerate(messages)
    ]


def with_mark_after_tools(tools: Sequence[JsonObject], model: str) -> list[JsonObject]:
    """The tools with a mark on the last of them."""
    if not tools or provider_of(model) not in ("anthropic", "vertex_ai"):
        return list(tools)  # the mark after the system's message, which the tools go before, has to do
    return [*tools[:-1], {**tools[-1], "cache_control": dict(_MARK)}]


def _marked(message: JsonObject) -> JsonObject:
    if isinstance(message.get("content"), str):
        return {**message, "cache_control": dict(_MARK)}
    return {**message, "content": marked_parts(message.get("content"))}


def marked_parts(content: object) -> list[JsonObject]:
    """A message's content in parts, with a mark on the last of them."""
    parts = as_parts(content)
    return [*parts[:-1], {**parts[-1], "cache_control": dict(_MARK)}] if parts else parts


def as_parts(content: object) -> list[JsonObject]:
    """A message's content as a list of parts; no part is an empty text."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content.strip() else []
    return [part for part in content if isinstance(part, dict)] if isinstance(content, list | tuple) else []
