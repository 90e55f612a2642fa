"""What is said of models before a run: prices and windows that nobody knows."""

from __future__ import annotations

import pytest

from devassist.app.runs.model_notes import model_notes, require_prices
from devassist.domain.errors import UsageError
from devassist.domain.settings import ModelParams, ModelPrice, ModelSettings
from support.openai_server import OpenAIServer
from support.providers.openai import VLLM

KNOWN = "anthropic/claude-sonnet-5"
UNKNOWN = "mistral/of-tomorrow"


def test_nothing_is_said_of_a_model_that_the_table_has() -> None:
    assert model_notes(ModelSettings(), [KNOWN], {}) == []


def test_an_unknown_price_and_window_are_said_with_the_key_that_sets_them() -> None:
    price, window = model_notes(ModelSettings(), [KNOWN, UNKNOWN], {})
    assert price.startswith(f"the price of {UNKNOWN} is not known: its calls count as 0 US dollars; ")
    assert f'[model.prices] "{UNKNOWN}"' in price
    assert window == (
        f"the context window of {UNKNOWN} is not known: 128,000 tokens are assumed; "
        "[model.params] context_window sets it"
    )


def test_nothing_is_said_once_the_person_has_set_both() -> None:
    settings = ModelSettings(
        prices={UNKNOWN: ModelPrice(input=0, output=0)}, params=ModelParams(context_window=64_000)
    )
    assert model_notes(settings, [UNKNOWN], {}) == []
    require_prices(settings, [UNKNOWN], {})


def test_a_server_on_this_machine_is_asked_for_the_window_and_costs_nothing() -> None:
    with OpenAIServer(lambda _body, _n: "", provider=VLLM()) as server:
        assert model_notes(ModelSettings(api_base=server.url), ["openai/served"], {}) == []
        assert model_notes(ModelSettings(), ["openai/served"], {"OPENAI_API_BASE": server.url}) == []
    assert server.requests == []


def test_a_limit_in_dollars_needs_a_price() -> None:
    with pytest.raises(UsageError, match=f"the price of {UNKNOWN} is not known") as caught:
        require_prices(ModelSettings(), [KNOWN, UNKNOWN], {})
    assert caught.value.exit_code == 2
    assert f'[model.prices] "{UNKNOWN}" = ' in caught.value.hint


def test_a_window_in_which_no_agent_gets_far_is_said() -> None:
    (note,) = model_notes(ModelSettings(params=ModelParams(context_window=4_096)), [KNOWN], {})
    assert note.startswith(
        f"the context window of {KNOWN} is 4,096 tokens, in which agents forget what they read; "
    )
