"""Which model answers when little or nothing is configured."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from devassist.domain.errors import ModelError
from devassist.domain.settings import ModelSettings
from devassist.llm.models import routing
from devassist.llm.models.providers import DEFAULTS, is_loopback, provider_of
from devassist.llm.models.routing import (
    choose_model,
    fetch_names,
    is_scripted,
    model_for,
    models_for,
    resolved,
)
from devassist.llm.silence import environment
from support.openai_server import OpenAIServer


def nobody(_url: str) -> list[str]:
    return []


def only(listing: str, *names: str):
    return lambda url: list(names) if url == listing else []


def test_what_is_configured_wins() -> None:
    settings = ModelSettings(default="scripted/demo", api_base="http://here")
    choice = choose_model(settings, {"ANTHROPIC_API_KEY": "k"}, nobody)
    assert (choice.model, choice.api_base, choice.source) == ("scripted/demo", "http://here", "configuration")
    assert is_scripted(choice.model)


def test_keys_are_taken_in_their_order() -> None:
    env = {default.variable: "k" for default in DEFAULTS}
    for default in DEFAULTS:
        choice = choose_model(ModelSettings(), env, nobody)
        assert (choice.model, choice.source) == (default.model, default.variable)
        env[default.variable] = " "


def test_every_default_is_in_litellms_table_and_calls_tools() -> None:
    spec = find_spec("litellm")
    assert spec
    assert spec.origin
    table = json.loads((Path(spec.origin).parent / "model_prices_and_context_window_backup.json").read_text())
    for default in DEFAULTS:
        entry = table.get(default.model) or table[default.model.partition("/")[2]]
        assert entry["supports_function_calling"], default
        assert entry.get("deprecation_date", "9999") > "2027-01-01", default


def test_a_base_without_a_key_is_asked_for_its_models() -> None:
    env = {"OPENAI_API_BASE": "http://models.example/v1/"}
    choice = choose_model(ModelSettings(), env, only("http://models.example/v1/models", "bge-embed", "qwen"))
    assert (choice.model, choice.api_base) == ("openai/qwen", "http://models.example/v1")
    assert resolved(ModelSettings(), choice).default == "openai/qwen"


def test_a_key_for_an_own_server_takes_that_servers_model() -> None:
    env = {"OPENAI_API_BASE": "http://models.example/v1", "OPENAI_API_KEY": "k"}
    asked = "http://models.example/v1/models"
    assert choose_model(ModelSettings(), env, only(asked, "qwen")).model == "openai/qwen"
    assert choose_model(ModelSettings(), env, only(asked, "x", "gpt-5.2")).model == "openai/gpt-5.2"
    assert choose_model(ModelSettings(), env, nobody).model == "openai/gpt-5.2"


@pytest.mark.parametrize(
    ("listing", "model", "base"),
    [
        ("http://127.0.0.1:11434/api/tags", "ollama_chat/qwen", "http://127.0.0.1:11434"),
        ("http://127.0.0.1:1234/v1/models", "lm_studio/qwen", "http://127.0.0.1:1234/v1"),
        ("http://127.0.0.1:8080/v1/models", "openai/qwen", "http://127.0.0.1:8080/v1"),
    ],
)
def test_a_server_on_loopback_is_found(listing: str, model: str, base: str) -> None:
    choice = choose_model(ModelSettings(), {}, only(listing, "nomic-embed-text", "qwen"))
    assert (choice.model, choice.api_base) == (model, base)


def test_nothing_at_all_says_all_three_ways() -> None:
    with pytest.raises(ModelError) as caught:
        choose_model(ModelSettings(), {}, nobody)
    assert (caught.value.exit_code, caught.value.kind) == (5, "config")
    for way in (
        "--model",
        ".devassist.toml",
        "ANTHROPIC_API_KEY",
        "OPENAI_API_BASE",
        "11434",
        "1234",
        "8080",
    ):
        assert way in caught.value.hint


def test_roles_and_fallbacks() -> None:
    settings = ModelSettings(default="a", fallbacks=("b", "a"), roles={"reviewer": "r"})
    assert (model_for("coder", settings), model_for("reviewer", settings)) == ("a", "r")
    assert models_for("coder", settings) == ("a", "b")
    assert models_for("reviewer", settings) == ("r", "b", "a")


def test_the_real_probe_reads_both_listings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://10.255.255.1:3128")
    with OpenAIServer(lambda _b, _n: "", models=["one", "two"]) as server:
        assert fetch_names(f"{server.root}/v1/models") == ["one", "two"]
        assert fetch_names(f"{server.root}/api/tags") == ["one", "two"]
        assert fetch_names(f"{server.root}/nowhere") == []
        choice = choose_model(ModelSettings(), {"OPENAI_API_BASE": server.url})
        assert choice.model == "openai/one"
        assert all(path.startswith("GET") for path in server.paths)


def test_a_server_that_never_answers_costs_a_third_of_a_second() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        started = time.monotonic()
        assert fetch_names(f"http://127.0.0.1:{silent.getsockname()[1]}/v1/models") == []
    assert time.monotonic() - started < 30


def test_odd_listings_and_addresses_are_no_models() -> None:
    for listing in (None, [], {}, {"data": None}, {"data": [1, {"id": 3}, {}]}, {"models": "x"}):
        assert routing._names_in(listing) == []
    assert fetch_names("file:///etc/passwd") == []
    assert fetch_names("http://[bad/models") == []


def test_loopback_and_providers_are_recognised() -> None:
    assert [is_loopback(url) for url in ("http://localhost:1/v1", "http://127.9.9.9", "http://[::1]:8")] == [
        True
    ] * 3
    assert not any(
        is_loopback(url) for url in ("http://example.com", "", "http://[", "localhost.evil.example")
    )
    assert [provider_of(m) for m in ("openai/x", "gpt-5", "claude-x", "x")] == [
        "openai",
        "openai",
        "anthropic",
        "",
    ]


def test_the_cheap_modules_leave_litellm_and_crewai_out() -> None:
    names = "models.routing models.catalogue models.windows calls cassette scripted canonical litellm_gateway failures"
    imports = "; ".join(f"import devassist.llm.{name}" for name in names.split())
    code = f"{imports}; import sys; print(sorted({{'litellm','crewai','httpx','openai'}} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "[]\n"


def test_silence_keeps_the_persons_own_proxy_exceptions() -> None:
    quiet = environment({"NO_PROXY": "intra.example,localhost"})
    assert quiet["NO_PROXY"] == "intra.example,localhost,127.0.0.1,::1"
    assert quiet["PYTHON_DOTENV_DISABLED"] == "1"
    assert quiet["LITELLM_LOCAL_MODEL_COST_MAP"] == "True"
    assert environment({})["no_proxy"] == "127.0.0.1,localhost,::1"
