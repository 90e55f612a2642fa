"""Limits refuse the next call, never the one that is under way."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devassist.domain.events import Usage
from devassist.domain.settings import Limits
from devassist.domain.state.budget import Limit, Refusal, refusal
from devassist.domain.state.run import RunState


def asked(
    limits: dict[str, Any], *, usd: float = 0.0, tokens: int = 0, elapsed_s: float = 0.0, turn: int = 1
) -> str:
    none = {"max_usd": 0.0, "max_tokens": 0, "max_minutes": 0.0, "max_turns_per_agent": 0}
    state = RunState(usage=Usage(usd=usd, input_tokens=tokens))
    found = refusal(state, Limits(**{**none, **limits}), elapsed_s=elapsed_s, turn=turn)
    return str(found.limit) if found else ""


@pytest.mark.parametrize(
    ("limits", "used", "refused"),
    [
        ({"max_usd": 1.0}, {"usd": 0.99}, ""),
        ({"max_usd": 1.0}, {"usd": 1.0}, "max_usd"),
        ({"max_usd": 1.0}, {"usd": 7.0}, "max_usd"),
        ({"max_tokens": 100}, {"tokens": 99}, ""),
        ({"max_tokens": 100}, {"tokens": 100}, "max_tokens"),
        ({"max_minutes": 2.0}, {"elapsed_s": 119.9}, ""),
        ({"max_minutes": 2.0}, {"elapsed_s": 120.0}, "max_minutes"),
        ({"max_turns_per_agent": 3}, {"turn": 3}, ""),
        ({"max_turns_per_agent": 3}, {"turn": 4}, "max_turns_per_agent"),
    ],
)
def test_a_limit_refuses_at_it_and_not_before(
    limits: dict[str, Any], used: dict[str, Any], refused: str
) -> None:
    assert asked(limits, **used) == refused


@given(
    usd=st.floats(min_value=0, max_value=1e6),
    tokens=st.integers(min_value=0, max_value=10**9),
    elapsed_s=st.floats(min_value=0, max_value=1e7),
    turn=st.integers(min_value=1, max_value=10**6),
)
def test_zero_means_no_limit(usd: float, tokens: int, elapsed_s: float, turn: int) -> None:
    assert asked({}, usd=usd, tokens=tokens, elapsed_s=elapsed_s, turn=turn) == ""


def test_the_sentence_says_how_much_of_how_much() -> None:
    state = RunState(usage=Usage(usd=1.5, input_tokens=70, output_tokens=50))
    assert refusal(state, Limits(max_usd=1.25), elapsed_s=0, turn=1) == Refusal(
        Limit("max_usd"), "the run has spent 1.5000 of 1.25 USD"
    )
    assert refusal(state, Limits(max_tokens=100), elapsed_s=0, turn=1) == Refusal(
        Limit("max_tokens"), "the run has used 120 of 100 tokens"
    )
    assert refusal(state, Limits(max_minutes=1), elapsed_s=90, turn=1) == Refusal(
        Limit("max_minutes"), "the run has taken 1.5 of 1 minutes"
    )
