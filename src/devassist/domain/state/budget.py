"""Whether a run may make its next model call."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from devassist.domain.settings import Limits
from devassist.domain.state.run import RunState


class Limit(StrEnum):
    """A limit by its name in the configuration."""

    USD = "max_usd"
    TOKENS = "max_tokens"
    MINUTES = "max_minutes"
    TURNS = "max_turns_per_agent"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The limit that was reached, and the sentence that says so."""

    limit: Limit
    reason: str


def refusal(state: RunState, limits: Limits, *, elapsed_s: float, turn: int) -> Refusal | None:
    """
    The limit that refuses the next call, or None.

    `turn` is the number of the requested call within its agent and round. A limit of 0 never refuses.
    """
    used = state.usage
    tokens = used.input_tokens + used.output_tokens
    if 0 < limits.max_usd <= used.usd:
        return Refusal(Limit.USD, f"the run has spent {used.usd:.4f} of {limits.max_usd:g} USD")
    if 0 < limits.max_tokens <= tokens:
        return Refusal(Limit.TOKENS, f"the run has used {tokens} of {limits.max_tokens} tokens")
    if 0 < limits.max_minutes * 60 <= elapsed_s:
        minutes = f"{elapsed_s / 60:.1f} of {limits.max_minutes:g} minutes"
        return Refusal(Limit.MINUTES, f"the run has taken {minutes}")
    if 0 < limits.max_turns_per_agent < turn:
        return Refusal(Limit.TURNS, f"the agent has used its {limits.max_turns_per_agent} turns")
    return None
