"""The totals of a run say what is only estimated."""

from __future__ import annotations

from datetime import UTC, datetime

from devassist.cli.view.live_table import totals
from devassist.domain.events import Usage
from devassist.domain.settings import Limits
from devassist.domain.state.run import RunState


def shown(usage: Usage) -> str:
    return totals(RunState(usage=usage, limits=Limits(max_usd=0)), now=datetime(2026, 1, 1, tzinfo=UTC)).plain


def test_tokens_that_a_provider_told_are_exact() -> None:
    assert "  1200 tokens  0.5000 USD" in shown(
        Usage(model_calls=1, input_tokens=1000, output_tokens=200, usd=0.5)
    )


def test_tokens_that_were_counted_by_length_are_about_so_many() -> None:
    usage = Usage(model_calls=2, input_tokens=1000, output_tokens=200, usd=0.5, estimated_calls=1)
    assert "  ~1200 tokens  ~0.5000 USD" in shown(usage)
