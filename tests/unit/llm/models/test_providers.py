"""What a person is told to set for a provider."""

from __future__ import annotations

import pytest

from devassist.llm.models.providers import credentials_hint, server_hint


@pytest.mark.parametrize(
    ("provider", "named"),
    [
        ("openai", "OPENAI_API_KEY"),
        ("cohere", "COHERE_API_KEY"),
        ("bedrock", "AWS_PROFILE"),
        ("azure", "AZURE_API_BASE"),
        ("vertex_ai", "gcloud auth"),
        ("", "the provider's key"),
    ],
)
def test_a_provider_is_named_what_it_wants(provider: str, named: str) -> None:
    assert named in credentials_hint(provider)


def test_a_server_of_ones_own_is_named_by_its_address() -> None:
    assert "OLLAMA_API_BASE" in server_hint("ollama_chat")
    assert server_hint("openai") == ""
