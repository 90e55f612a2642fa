"""What a model's tokens cost: by the person's settings, else by litellm's table; nothing on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from devassist.domain.settings import ModelPrice
from devassist.llm.models.catalogue import find_entry
from devassist.llm.models.providers import is_loopback, provider_of
from devassist.llm.models.windows import OLLAMA
from devassist.ports import ModelReply

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars per token. `own` says that the person set it."""

    input: float
    output: float
    cache_read: float
    cache_write: float
    own: bool = False

    def of(self, reply: ModelReply) -> float:
        """What a reply cost, with its prompt."""
        cached, written = reply.cached_input_tokens, reply.cache_written_tokens
        return (
            (reply.input_tokens - cached - written) * self.input
            + cached * self.cache_read
            + written * self.cache_write
            + reply.output_tokens * self.output
        )


FREE = Price(input=0.0, output=0.0, cache_read=0.0, cache_write=0.0, own=True)


def find_price(model: str, prices: Mapping[str, ModelPrice], base: str) -> Price | None:
    """
    The price of a litellm model string; None if nobody knows it. `base` is the server that the person chose.

    A server on this machine costs nothing, but one that passes calls on to a provider does: the table goes first.
    """
    if own := prices.get(model):
        cached = own.input if own.cache_read is None else own.cache_read
        written = own.input if own.cache_write is None else own.cache_write
        return Price(
            input=own.input / _MILLION,
            output=own.output / _MILLION,
            cache_read=cached / _MILLION,
            cache_write=written / _MILLION,
            own=True,
        )
    is_local = is_loopback(base) if base else provider_of(model) in OLLAMA
    entry = find_entry(model)
    if entry is None or not entry.is_priced:
        return FREE if is_local else None
    fresh = entry.input_cost_per_token or 0.0
    return Price(
        input=fresh,
        output=entry.output_cost_per_token or 0.0,
        cache_read=fresh if entry.cache_read_input_token_cost is None else entry.cache_read_input_token_cost,
        cache_write=entry.cache_creation_input_token_cost or fresh,
    )
