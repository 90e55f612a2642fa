"""How a model's earlier reasoning goes back to its provider, each in the form that provider wants. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from devassist.domain.events import NO_REASONING, JsonObject, Reasoning
from devassist.llm.models.providers import provider_of

_SIGNED_BLOCKS = frozenset({"anthropic", "bedrock", "azure_ai", "databricks"})
"""Here Claude signs its thinking, and wants the blocks before the text."""
_SIGNED_CALLS = frozenset({"gemini", "vertex_ai"})
"""They sign tool calls and texts."""
_PLAIN_TEXT = frozenset(
    {"deepseek", "moonshot", "zai", "minimax", "dashscope", "ollama_chat", "lm_studio", "openai", "llamafile"}
)
"""They want plain text back. `openai` stands for OpenAI-compatible servers: OpenAI's own models send no such text."""
_OWED_WITH_CALLS = frozenset({"deepseek", "moonshot"})
"""In thinking mode they refuse a message with tool calls that has no reasoning, even if the model gave none."""
_BLANK = " "


def with_reasoning(
    messages: Sequence[JsonObject], reasoning: Mapping[int, Reasoning], model: str
) -> list[JsonObject]:
    """
    `messages` for `model`, each with its reasoning.

    Only a model's own reasoning is sent back to it: the signatures mean nothing to another.
    """
    provider = provider_of(model)
    if provider == "vertex_ai" and "claude" in model:
        provider = "anthropic"
    own = {index: thought for index, thought in reasoning.items() if thought.model == model}
    return [
        _complete(message, own.get(index, NO_REASONING), provider) for index, message in enumerate(messages)
    ]


def _complete(message: JsonObject, thought: Reasoning, provider: str) -> JsonObject:
    if message.get("role") != "assistant":
        return message
    out = dict(message)
    text = thought.text
    if not text and provider in _OWED_WITH_CALLS and message.get("tool_calls"):
        text = _BLANK
    if text and provider in _PLAIN_TEXT:
        out["reasoning_content"] = text
    if provider in _SIGNED_BLOCKS and (
        blocks := [dict(block) for block in thought.blocks if _is_signed(block)]
    ):
        out["thinking_blocks"] = blocks
    if provider == "openrouter" and (details := thought.fields.get("reasoning_details")):
        out["reasoning_details"] = details
    if provider in _SIGNED_CALLS:
        if signatures := thought.fields.get("thought_signatures"):
            out["provider_specific_fields"] = {"thought_signatures": signatures}
        out = _with_signed_calls(out, thought.calls)
    return out


def _is_signed(block: JsonObject) -> bool:
    """Whether the provider takes the block back. A block that was cut off has no signature."""
    return block.get("type") == "redacted_thinking" or bool(block.get("signature"))


def _with_signed_calls(message: JsonObject, signed: Mapping[str, JsonObject]) -> dict[str, object]:
    calls = message.get("tool_calls")
    if not signed or not isinstance(calls, Sequence):
        return dict(message)
    return {
        **message,
        "tool_calls": [
            {**call, "provider_specific_fields": dict(signed[call["id"]])} if call["id"] in signed else call
            for call in calls
        ],
    }
