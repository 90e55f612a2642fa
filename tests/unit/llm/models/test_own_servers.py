"""Only servers in the person's own hands are tried out: on this machine or the private network, and free."""

from __future__ import annotations

import pytest

from devassist.domain.settings import ModelPrice, ModelSettings
from devassist.llm.models.own_servers import own_server


@pytest.mark.parametrize(
    ("model", "base", "own"),
    [
        ("openai/my-model", "http://127.0.0.1:8080/v1", True),
        ("openai/my-model", "http://localhost:8080/v1", True),
        ("openai/my-model", "http://192.168.1.7:8080/v1", True),
        ("openai/my-model", "https://api.example.org/v1", False),
        ("openai/my-model", "http://8.8.8.8/v1", False),
        ("openai/my-model", "", False),
        ("anthropic/claude-sonnet-4-5", "", False),
        # A proxy on this machine passes such calls on to a provider, who is paid for them.
        ("openai/gpt-4o", "http://127.0.0.1:4000", False),
    ],
)
def test_a_server_is_the_persons_own_if_it_is_near_and_free(model: str, base: str, own: bool) -> None:
    assert own_server(model, ModelSettings(api_base=base), {}) == (base if own else "")


def test_ollama_is_on_this_machine_unless_it_is_said_to_be_elsewhere() -> None:
    assert own_server("ollama_chat/qwen", ModelSettings(), {}) == "http://127.0.0.1:11434"
    assert (
        own_server("ollama_chat/qwen", ModelSettings(), {"OLLAMA_API_BASE": "https://ollama.example.org"})
        == ""
    )


def test_a_server_whose_calls_have_a_price_is_not_tried_out() -> None:
    settings = ModelSettings(
        api_base="http://127.0.0.1:1/v1", prices={"openai/mine": ModelPrice(input=1.0, output=1.0)}
    )
    assert own_server("openai/mine", settings, {}) == ""
