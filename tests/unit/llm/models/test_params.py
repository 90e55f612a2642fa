"""Parameters reach the provider: those of all roles, and those of one role over them."""

from __future__ import annotations

import pytest

from devassist.assignments import CallAddress
from devassist.domain.errors import ModelError
from devassist.domain.roles import Role
from devassist.domain.settings import ModelParams, ModelSettings
from devassist.llm.litellm_gateway import LiteLLMClient
from devassist.llm.models.params import params_for, window_for
from devassist.ports import ModelRequest
from support.openai_server import OpenAIServer, failure
from support.providers.anthropic import Anthropic
from support.providers.ollama import Ollama

pytestmark = pytest.mark.thorough  # litellm's import alone takes more than two seconds

SETTINGS = ModelSettings(
    default="openai/m",
    roles={Role.CODER: "openai/coder"},
    params=ModelParams(
        temperature=0.5, seed=7, extra_headers={"X-Team": "agents", "X-Key": "Bearer ${TOKEN}"}
    ),
    role_params={
        Role.CODER: ModelParams(
            temperature=0.0, top_p=0.9, extra_headers={"X-Team": "coders"}, context_window=9_000
        )
    },
)
ENV = {"TOKEN": "hush-hush-hush"}


def request(role: str, model: str = "openai/m") -> ModelRequest:
    address = CallAddress(task="t1", role=role, round=1, turn=1)
    return ModelRequest(model=model, messages=[{"role": "user", "content": "x"}], address=address)


def test_a_role_s_parameters_win_one_by_one() -> None:
    coder = params_for("coder", SETTINGS)
    assert (coder.temperature, coder.top_p, coder.seed) == (0.0, 0.9, 7)
    assert coder.extra_headers == {"X-Team": "coders", "X-Key": "Bearer ${TOKEN}"}
    assert params_for("reviewer", SETTINGS) == params_for("", SETTINGS) == SETTINGS.params


def test_the_window_of_a_role_is_that_of_its_model() -> None:
    assert window_for("openai/coder", SETTINGS) == 9_000
    assert window_for("openai/m", SETTINGS) == 0


def test_parameters_are_sent() -> None:
    with OpenAIServer(lambda _body, _n: "ok") as server:
        client = LiteLLMClient(ModelSettings(**{**_fields(), "api_base": server.url}), env=ENV)
        client.attempt(request("coder"))
    (body,), (headers,) = server.requests, server.headers
    assert (body["temperature"], body["top_p"], body["seed"]) == (0.0, 0.9, 7)
    assert "extra_headers" not in body
    assert (headers["x-team"], headers["x-key"]) == ("coders", "Bearer hush-hush-hush")


def _fields() -> dict[str, object]:
    return {name: getattr(SETTINGS, name) for name in ("default", "roles", "params", "role_params")}


def test_anthropic_gets_its_own_form_of_them() -> None:
    params = ModelParams(max_tokens=700, temperature=0.1, extra_headers={"X-Team": "agents"})
    with OpenAIServer(lambda _body, _n: "ok", provider=Anthropic()) as server:
        client = LiteLLMClient(
            ModelSettings(api_base=server.root, params=params), env={"ANTHROPIC_API_KEY": "k" * 20}
        )
        client.attempt(request("coder", "anthropic/claude-sonnet-4-5"))
    assert (server.requests[0]["max_tokens"], server.requests[0]["temperature"]) == (700, 0.1)
    assert server.headers[0]["x-team"] == "agents"


def test_ollama_gets_the_window_that_the_person_set() -> None:
    provider = Ollama(trained=262_144)
    with OpenAIServer(lambda _body, _n: "ok", provider=provider) as server:
        settings = ModelSettings(api_base=server.root, params=ModelParams(context_window=100_000))
        LiteLLMClient(settings, env={}).attempt(request("coder", "ollama_chat/qwen3"))
    assert provider.windows == [100_000]


def test_a_header_s_variable_that_is_not_set_is_named_before_anything_is_sent() -> None:
    with OpenAIServer(lambda _body, _n: "ok") as server:
        client = LiteLLMClient(ModelSettings(**{**_fields(), "api_base": server.url}), env={"TOKEN": " "})
        with pytest.raises(ModelError, match="X-Key needs the environment variable TOKEN") as caught:
            client.attempt(request("coder"))
    assert (caught.value.kind, server.requests) == ("config", [])


def test_a_header_s_secret_is_in_no_error() -> None:
    params = ModelParams(extra_headers={"X-Plain": "$PLAIN"})
    with OpenAIServer(lambda _body, _n: failure(400, "you sent hush-hush-hush")) as server:
        client = LiteLLMClient(
            ModelSettings(api_base=server.url, params=params), env={"PLAIN": "hush-hush-hush"}
        )
        with pytest.raises(ModelError) as caught:
            client.attempt(request("coder"))
    assert "hush" not in str(caught.value)


def test_a_parameter_that_a_provider_does_not_take_is_named() -> None:
    params = ModelParams(reasoning_effort="low")
    with OpenAIServer(lambda _body, _n: "ok") as server:
        client = LiteLLMClient(
            ModelSettings(api_base=server.url, params=params), env={"MISTRAL_API_KEY": "k" * 20}
        )
        with pytest.raises(ModelError) as caught:
            client.attempt(request("coder", "mistral/mistral-medium-latest"))
    assert str(caught.value) == "model mistral/mistral-medium-latest does not take reasoning_effort"
    assert (caught.value.kind, caught.value.retryable, server.requests) == ("config", False, [])
    assert "[model.params]" in caught.value.hint
