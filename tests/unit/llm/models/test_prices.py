"""What is known of a price, and what a reply with cached tokens costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from devassist.domain.settings import ModelPrice
from devassist.llm.models.catalogue import find_entry
from devassist.llm.models.prices import FREE, Price, find_price
from devassist.ports import ModelReply

LOCAL = "http://127.0.0.1:8080/v1"


def test_the_table_has_the_prices_of_providers() -> None:
    price = find_price("anthropic/claude-sonnet-5", {}, "")
    assert price == Price(input=2e-6, output=1e-5, cache_read=2e-7, cache_write=2.5e-6)


@pytest.mark.parametrize("model", ["mistral/of-tomorrow", "openai/nobody-knows", "azure/of-tomorrow"])
def test_a_price_that_is_0_or_missing_is_unknown(model: str) -> None:
    assert find_price(model, {}, "https://models.example/v1") is None


def test_a_price_of_0_in_the_table_is_unknown() -> None:
    entry = find_entry("gemini/gemini-exp-1206")
    assert entry is None or not entry.is_priced


@pytest.mark.parametrize(
    ("model", "base"), [("openai/served", LOCAL), ("ollama_chat/qwen3", ""), ("lm_studio/q", LOCAL)]
)
def test_a_model_on_this_machine_is_free(model: str, base: str) -> None:
    assert find_price(model, {}, base) == FREE


def test_a_proxy_on_this_machine_costs_what_its_models_cost() -> None:
    price = find_price("openai/gpt-4o-mini", {}, LOCAL)
    assert price is not None
    assert price.input > 0


def test_the_person_s_price_wins_and_counts_the_cache() -> None:
    own = {"openai/gpt-4o-mini": ModelPrice(input=2, output=10, cache_read=0.5)}
    price = find_price("openai/gpt-4o-mini", own, "")
    assert price == Price(input=2e-6, output=1e-5, cache_read=5e-7, cache_write=2e-6, own=True)
    reply = ModelReply(
        input_tokens=1000, output_tokens=100, cached_input_tokens=600, cache_written_tokens=300
    )
    assert price.of(reply) == pytest.approx(100 * 2e-6 + 600 * 5e-7 + 300 * 2e-6 + 100 * 1e-5)


@pytest.mark.parametrize("model", ["", "sample_spec", "/", "openai/", "a/b/c/d", "openai/\udc00"])
def test_odd_names_have_no_entry(model: str) -> None:
    entry = find_entry(model)
    assert entry is None or not entry.max_input_tokens


def test_the_table_is_read_without_importing_litellm() -> None:
    code = (
        "import sys; from devassist.llm.models.catalogue import find_entry; assert find_entry('gpt-4o'); "
        "print('litellm' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "False\n"
