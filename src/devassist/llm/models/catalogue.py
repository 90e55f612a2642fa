"""litellm's table of models: prices, windows and limits, read from its file without importing litellm."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import msgspec

from devassist.llm.models.providers import provider_of

_FILE = "model_prices_and_context_window_backup.json"


@dataclass(frozen=True, slots=True)
class Entry:
    """What the table has of a model: US dollars per token, and numbers of tokens. None or 0 is unknown."""

    litellm_provider: str = ""
    input_cost_per_token: float | None = None
    output_cost_per_token: float | None = None
    cache_read_input_token_cost: float | None = None
    cache_creation_input_token_cost: float | None = None
    max_input_tokens: int | None = None
    max_output_tokens: int | None = None

    @property
    def is_priced(self) -> bool:
        """Whether the price is known. A price of 0 is one that nobody has filled in."""
        return bool(self.input_cost_per_token or self.output_cost_per_token)


def find_entry(model: str) -> Entry | None:
    """The entry of a litellm model string; None if the table has none, or it cannot be read."""
    provider, name = provider_of(model), model.partition("/")[2]
    table = _table()
    if model in table:
        return _entry(table[model])
    entry = _entry(table[name]) if name in table else None
    # The table has OpenAI's and Anthropic's models by their bare names, but also those of others.
    return (
        entry
        if entry is not None and entry.litellm_provider in (provider, f"text-completion-{provider}")
        else None
    )


def _entry(raw: msgspec.Raw) -> Entry | None:
    try:
        return msgspec.json.decode(raw, type=Entry, strict=False)
    except msgspec.ValidationError:
        return None


@cache
def _table() -> dict[str, msgspec.Raw]:
    spec = find_spec("litellm")
    if spec is None or spec.origin is None:
        return {}
    try:
        return msgspec.json.decode(
            (Path(spec.origin).parent / _FILE).read_bytes(), type=dict[str, msgspec.Raw]
        )
    except (OSError, msgspec.DecodeError):
        return {}
