"""What each provider insists on in a conversation, where they differ. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from devassist.llm.models.providers import provider_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """The rules by which one provider accepts or refuses a conversation; the defaults are those of most."""

    call_id: re.Pattern[str] = re.compile(r"[\s\S]{1,40}")
    """What the id of a tool call has to match in full."""
    call_id_length: int = 40
    """Of an id that is made up because the model's own does not match."""
    blank_is_null: bool = False
    """Whether an assistant's message with nothing but tool calls has null as its text, and not an empty one."""
    user_after_result: bool = False
    """Whether the user may speak directly after a tool's result. If not, the result's text ends with the user's."""


_ANTHROPIC = Dialect(call_id=re.compile(r"[a-zA-Z0-9_-]{1,64}"), blank_is_null=True, user_after_result=True)
_DIALECTS = {
    "anthropic": _ANTHROPIC,
    "bedrock": _ANTHROPIC,
    "gemini": Dialect(blank_is_null=True, user_after_result=True),
    "vertex_ai": Dialect(call_id=_ANTHROPIC.call_id, blank_is_null=True, user_after_result=True),
    "mistral": Dialect(call_id=re.compile(r"[a-zA-Z0-9]{9}"), call_id_length=9),
    "codestral": Dialect(call_id=re.compile(r"[a-zA-Z0-9]{9}"), call_id_length=9),
}
_MAKERS = {"anthropic": "anthropic", "google": "gemini", "mistralai": "mistral"}
"""Whose rules hold for OpenRouter's models: it passes ids on as they are, and Kimi's template needs its own."""
_OPENAI_LIKE = Dialect(user_after_result=True)
_TEMPLATED = Dialect()
"""A server that fills in a model's own chat template: many raise if users and assistants do not take turns."""
_BY_TEMPLATE = frozenset({"hosted_vllm", "lm_studio", "llamafile", "ollama", "ollama_chat", "openai_like"})


def dialect_of(model: str, *, takes_turns: bool = False) -> Dialect:
    """The rules for a litellm model string; `takes_turns` if its server has refused a user after a tool's result."""
    provider = provider_of(model)
    if provider == "openrouter":
        provider = _MAKERS.get(model.split("/")[1], provider)
    usual = _TEMPLATED if provider in _BY_TEMPLATE else _OPENAI_LIKE
    dialect = _DIALECTS.get(provider, usual)
    return replace(dialect, user_after_result=False) if takes_turns else dialect
