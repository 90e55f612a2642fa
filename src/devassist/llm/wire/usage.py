"""How many tokens a call took, as its provider tells, or counted by length if it tells none. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from devassist.llm.models.tokens import count
from devassist.ports import ModelRequest, ToolCall

_CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """`input` are all of the prompt; `cached` of them were read from the provider's cache, `written` written to it."""

    input: int
    output: int
    cached: int = 0
    written: int = 0
    estimated: bool = False


def tokens_of(usage: object, request: ModelRequest, content: str, calls: Sequence[ToolCall]) -> Tokens:
    """The tokens by an OpenAI-shaped `usage`, a litellm object or a mapping; an impossible 0 is counted."""
    prompt, answer = count(part(usage, "prompt_tokens")), count(part(usage, "completion_tokens"))
    asked = json.dumps([list(request.messages), list(request.tools)], default=str)
    answered = len(content) + sum(len(call.name) + len(call.arguments) for call in calls)
    details = part(usage, "prompt_tokens_details")
    read = _first(part(details, "cached_tokens"), part(usage, "cache_read_input_tokens"))
    written = _first(part(usage, "cache_creation_input_tokens"), part(details, "cache_creation_tokens"))
    cached = min(read, prompt)
    return Tokens(
        input=prompt or len(asked) // _CHARACTERS_PER_TOKEN + 1,
        output=answer or (answered + _CHARACTERS_PER_TOKEN - 1) // _CHARACTERS_PER_TOKEN,
        cached=cached,
        written=min(written, prompt - cached),
        estimated=not prompt or (not answer and answered > 0),
    )


def _first(*values: object) -> int:
    return next((tokens for value in values if (tokens := count(value))), 0)


def part(whole: object, name: str) -> object:
    """The part of a mapping or of one of litellm's objects; None if there is none."""
    value: object = whole.get(name) if isinstance(whole, Mapping) else getattr(whole, name, None)
    return value
