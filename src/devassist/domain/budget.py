"""Whether a run may make its next model call."""

from __future__ import annotations

from devassist.domain.run import RunState
from devassist.domain.settings import Limits


def refusal(state: RunState, limits: Limits, *, elapsed_s: float, turn: int) -> tuple[str, str] | None:
    """
    The limit that refuses the next call as (name, sentence), or None.

    `turn` is the number of the call that is asked for, within its agent and round. A limit of 0 is none.
    """
    tokens = state.input_tokens + state.output_tokens
    if 0 < limits.max_usd <= state.usd:
        return "max_usd", f"the run has spent {state.usd:.4f} of {limits.max_usd:g} USD"
    if 0 < limits.max_tokens <= tokens:
        return "max_tokens", f"the run has used {tokens} of {limits.max_tokens} tokens"
    if 0 < limits.max_minutes * 60 <= elapsed_s:
        return "max_minutes", f"the run has taken {elapsed_s / 60:.1f} of {limits.max_minutes:g} minutes"
    if 0 < limits.max_turns_per_agent < turn:
        return "max_turns_per_agent", f"the agent has used its {limits.max_turns_per_agent} turns"
    return None
