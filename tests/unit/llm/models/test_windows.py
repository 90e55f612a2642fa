"""The window of a model is its server's, else the table's, else assumed and said to be."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest

from devassist.llm.models.lookup import Lookup
from devassist.llm.models.providers import server_of
from devassist.llm.models.windows import (
    ASSUMED,
    ASSUMED_HOSTED,
    MOST_ASKED_OF_OLLAMA,
    Window,
    Windows,
    longest_reply,
    ollama_window,
)
from support.openai_server import OpenAIServer, Provider
from support.providers.ollama import Ollama
from support.providers.openai import VLLM, LlamaCpp


def looked_up(provider: Provider, model: str, *, below: str = "/v1") -> tuple[Window, list[str]]:
    with OpenAIServer(lambda _body, _n: "", provider=provider) as server:
        window = Windows(base_of=lambda _model: server.root + below).of(model)
    return window, server.paths


@pytest.mark.parametrize(
    ("model", "tokens"), [("anthropic/claude-sonnet-5", 1_000_000), ("openai/gpt-4o-mini", 128_000)]
)
def test_the_table_has_the_windows_of_providers(model: str, tokens: int) -> None:
    assert Windows(base_of=lambda _model: "").of(model) == Window(tokens=tokens)


def test_a_provider_s_newest_model_is_assumed_to_be_as_the_others() -> None:
    assert Windows(base_of=lambda _model: "").of("mistral/of-tomorrow") == Window(
        tokens=ASSUMED_HOSTED, known=False
    )


def test_vllm_tells_its_window() -> None:
    assert looked_up(VLLM(), "hosted_vllm/served")[0] == Window(tokens=VLLM.window)
    assert looked_up(VLLM(), "openai/an-alias")[0] == Window(tokens=VLLM.window)


def test_llama_cpp_tells_the_window_it_was_started_with_and_not_the_one_of_training() -> None:
    assert looked_up(LlamaCpp(), "openai/served")[0] == Window(tokens=LlamaCpp.window)


class LMStudio(Provider):
    def look_up(self, path, body):
        row = {"id": "qwen", "loaded_context_length": 8192, "max_context_length": 131072}
        return {"data": [row, {"id": "other"}]} if path == "/api/v0/models" else None


def test_lm_studio_tells_the_window_of_the_loaded_model() -> None:
    assert looked_up(LMStudio(), "lm_studio/qwen")[0] == Window(tokens=8192)


@pytest.mark.parametrize(
    ("provider", "tokens"),
    [
        (Ollama(trained=8_192), 8_192),
        (Ollama(trained=262_144), MOST_ASKED_OF_OLLAMA),
        (
            Ollama(
                trained=8_192,
                parameters="stop                           <|end|>\nnum_ctx                        65536",
            ),
            65_536,
        ),
    ],
)
def test_ollama_is_asked_for_the_modelfile_s_window_or_the_model_s_own(provider: Ollama, tokens: int) -> None:
    window, paths = looked_up(provider, "ollama_chat/qwen3", below="")
    assert window == Window(tokens=tokens)
    assert paths == ["POST /api/show"]


def test_no_completion_is_asked_for_and_an_unknown_window_is_said_to_be_assumed() -> None:
    window, paths = looked_up(Provider(), "openai/nobody-knows")
    assert window == Window(tokens=ASSUMED, known=False)
    assert all(path.startswith("GET ") for path in paths)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"data": 1},
        {"data": [1]},
        {"data": [{"id": "m", "max_model_len": "x"}]},
        {"data": [{"id": "m", "max_model_len": -5}]},
    ],
)
def test_a_listing_that_is_none_is_no_window(answer: dict[str, object]) -> None:
    windows = Windows(base_of=lambda _model: "https://models.example/v1", ask=lambda _url, _question: answer)
    assert windows.of("openai/m") == Window(tokens=ASSUMED, known=False)


@pytest.mark.parametrize(
    "shown", [{}, {"model_info": []}, {"model_info": {"a.context_length": None}}, {"parameters": 3}]
)
def test_an_odd_answer_of_ollama_is_no_window(shown: dict[str, object]) -> None:
    assert ollama_window(shown) == 0


def test_a_person_s_own_window_is_taken_without_asking() -> None:
    windows = Windows(base_of=lambda _model: "http://127.0.0.1:9", chosen=lambda _model: 5_000)
    assert windows.of("openai/m") == Window(tokens=5_000)


def reply_to(model: str, prompt: int) -> int:
    return longest_reply(model, Windows(base_of=lambda _model: "").of, prompt=prompt)


def test_a_reply_may_be_as_long_as_the_model_and_the_window_allow() -> None:
    assert reply_to("anthropic/claude-sonnet-5", 10_000) == 128_000
    assert reply_to("anthropic/claude-sonnet-5", 950_000) == 50_000
    assert reply_to("anthropic/claude-sonnet-5", 2_000_000) == 1_024
    assert reply_to("anthropic/claude-of-tomorrow", 10_000) == 32_000
    assert reply_to("deepseek/deepseek-chat", 10_000) == 8_192
    assert reply_to("openai/gpt-5.2", 10_000) == 0
    assert reply_to("gemini/of-tomorrow", 10_000) == 0


def test_a_key_does_not_follow_a_server_that_sends_it_elsewhere() -> None:
    with OpenAIServer(lambda _body, _n: "") as other:
        moved = _Redirecting(f"{other.url}/models")
        try:
            assert Lookup("k" * 20)(moved.url) == {}
        finally:
            moved.close()
        assert other.paths == []


class _Redirecting:
    def __init__(self, place: str) -> None:
        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: object) -> None:
                pass

            def do_GET(self) -> None:
                self.send_response(302)
                self.send_header("location", place)
                self.end_headers()

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1/models"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.mark.parametrize(
    ("model", "variable"),
    [
        ("hosted_vllm/m", "HOSTED_VLLM_API_BASE"),
        ("ollama_chat/m", "OLLAMA_API_BASE"),
        ("openai/m", "OPENAI_BASE_URL"),
    ],
)
def test_people_s_servers_are_found_where_litellm_finds_them(model: str, variable: str) -> None:
    assert server_of(model, "", {variable: " http://gpu:8000/v1/ "}) == "http://gpu:8000/v1"
    assert server_of(model, "http://own/v1", {variable: "http://gpu:8000"}) == "http://own/v1"
    assert server_of("anthropic/claude", "", {variable: "http://gpu:8000"}) == ""


class BehindOpenAI(Ollama):
    """Ollama, asked at its OpenAI endpoint."""

    loaded: ClassVar[list[dict[str, object]]] = []

    def look_up(self, path, body):
        facts = {"/api/ps": {"models": self.loaded}, "/api/version": {"version": "0.13.0"}}
        return facts.get(path) or super().look_up(path, body)


class Loaded(BehindOpenAI):
    loaded: ClassVar[list[dict[str, object]]] = [{"name": "qwen3:latest", "context_length": 16_384}]


@pytest.mark.parametrize(
    ("provider", "tokens"),
    [(BehindOpenAI(), 4_096), (BehindOpenAI(parameters="num_ctx 8192"), 8_192), (Loaded(), 16_384)],
)
def test_ollama_s_openai_endpoint_takes_what_it_takes(provider: Ollama, tokens: int) -> None:
    assert looked_up(provider, "openai/qwen3")[0] == Window(tokens=tokens)
