"""What a person has to know of the chosen models before a run spends money: unknown prices and windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from devassist.domain.errors import UsageError
from devassist.domain.settings import ModelSettings
from devassist.llm.models.params import window_for
from devassist.llm.models.prices import find_price
from devassist.llm.models.providers import find_key, provider_of, server_of
from devassist.llm.models.windows import Windows

_SHORT_WINDOW = 16_000
"""Tokens. The tools and an agent's instructions take about a quarter of them."""
_EXAMPLE = "{ input = 1.0, output = 5.0 }"


def model_notes(
    settings: ModelSettings,
    models: Sequence[str],
    env: Mapping[str, str],
    known: Mapping[str, int] = MappingProxyType({}),
) -> list[str]:
    """
    Sentences about models whose price or context window nobody knows. Asks their servers, and runs no model.

    `known` are windows that are configured by model.
    """
    windows = Windows(
        base_of=lambda model: server_of(model, settings.api_base, env),
        key_of=lambda model: find_key(provider_of(model), env),
        chosen=lambda model: known.get(model) or window_for(model, settings),
    )
    notes = [
        f"the price of {model} is not known: its calls count as 0 US dollars; "
        f'[model.prices] "{model}" = {_EXAMPLE} sets it per million tokens'
        for model in unpriced(settings, models, env)
    ]
    for model in models:
        window = windows.of(model)
        if not window.known:
            notes.append(
                f"the context window of {model} is not known: {window.tokens:,} tokens are assumed; "
                "[model.params] context_window sets it"
            )
        elif window.tokens < _SHORT_WINDOW:
            notes.append(
                f"the context window of {model} is {window.tokens:,} tokens, in which agents forget what they read; "
                "start its server with more (num_ctx, --ctx-size, --max-model-len); for Ollama name it ollama_chat/NAME"
            )
    return notes


def unpriced(settings: ModelSettings, models: Sequence[str], env: Mapping[str, str]) -> list[str]:
    """The models whose price is unknown."""
    return [
        model
        for model in models
        if find_price(model, settings.prices, server_of(model, settings.api_base, env)) is None
    ]


def require_prices(settings: ModelSettings, models: Sequence[str], env: Mapping[str, str]) -> None:
    """Raises UsageError for a model without a price: a limit in US dollars would not limit it."""
    for model in unpriced(settings, models, env):
        raise UsageError(
            f"max_usd cannot limit the run: the price of {model} is not known",
            hint=f'[model.prices] "{model}" = {_EXAMPLE} (US dollars per million tokens), or --max-tokens',
        )
