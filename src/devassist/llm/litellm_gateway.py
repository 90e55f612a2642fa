"""One attempt at one completion through litellm: one HTTP request, no retry, no stream, nothing printed."""

from __future__ import annotations

import copy
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from types import ModuleType

from devassist.domain.errors import ModelError
from devassist.domain.events import JsonObject
from devassist.domain.settings import ModelSettings
from devassist.llm.failures import model_error
from devassist.llm.providers import KEYS, find_key, is_loopback, key_variable, openai_base, provider_of
from devassist.llm.reasoning import with_reasoning
from devassist.llm.replies import reply_from
from devassist.llm.silence import environment
from devassist.llm.transport import count
from devassist.ports import ModelReply, ModelRequest

PLACEHOLDER_KEY = "no-key-needed"
"""Sent if the person chose a server and set no key: the OpenAI SDK refuses to send none at all."""

USUAL_WINDOW = 128_000
_SHORTEST_SECRET = 6
_importing = threading.Lock()  # guards the first import and the one session


class LiteLLMClient:
    """The ModelClient of every real provider. `env` has the keys and endpoints."""

    def __init__(
        self,
        settings: ModelSettings,
        *,
        env: Mapping[str, str] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        # litellm reads the process's environment in any case, so no other default would be true.
        self._env: Mapping[str, str] = os.environ if env is None else env
        self._now = now

    def attempt(self, request: ModelRequest) -> ModelReply:
        """Send `request` once. Raises ModelError; never retries, never falls back."""
        base, key = self._endpoint(request.model)
        litellm = _quiet_litellm()
        try:
            answer = litellm.completion(**self._parameters(request, base, key))
        except Exception as error:  # noqa: BLE001 - litellm lets anything through, and all of it means: no reply
            failed = model_error(error, request, secrets=self._secrets(), api_base=base, now=self._now)
        else:
            return reply_from(answer, request, usd=price_of(litellm, answer, request.model))
        # Raised outside of the handler: the chained originals hold headers and keys.
        raise failed

    def _endpoint(self, model: str) -> tuple[str, str]:
        """The API base and key to pass; litellm decides if they are empty. Raises ModelError if a key is missing."""
        provider = provider_of(model)
        base = self._settings.api_base or (openai_base(self._env) if provider == "openai" else "")
        # Passed on, so that `env` decides and not litellm; keys in other variables are sent differently.
        key = self._env.get(key_variable(provider), "").strip() if provider in KEYS else ""
        if key or find_key(provider, self._env):
            return base, key
        if base and (provider == "openai" or is_loopback(base)):
            return base, PLACEHOLDER_KEY
        if provider in KEYS and not base:
            variable = key_variable(provider)
            hint = f"set {variable} in the environment, or choose another model with --model"
            raise ModelError(f"model {model} needs a key: {variable} is not set", kind="auth", hint=hint)
        return base, ""

    def _parameters(self, request: ModelRequest, base: str, key: str) -> dict[str, object]:
        parameters: dict[str, object] = {
            "model": request.model,
            # A copy: litellm writes into the messages for some providers, and the journal holds them too.
            "messages": copy.deepcopy(with_reasoning(request.messages, request.reasoning, request.model)),
            "timeout": self._settings.timeout_s,
            "num_retries": 0,
            "max_retries": 0,
            "stream": False,
            # litellm from 1.106 on imports mcp 2 for any call with tools, and crewai keeps mcp below 2.
            "_skip_mcp_handler": True,
            # Otherwise litellm would silently drop the tools for a provider without them.
            "drop_params": False,
        }
        if request.tools:
            parameters["tools"] = copy.deepcopy([dict(tool) for tool in request.tools])
        if request.max_tokens is not None:
            parameters["max_tokens"] = request.max_tokens
        if base:
            parameters["api_base"] = base
        if key:
            parameters["api_key"] = key
        return parameters

    def _secrets(self) -> tuple[str, ...]:
        """Values of the environment that must not appear in an error's text."""
        words = ("KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL")
        return tuple(
            value.strip()
            for name, value in self._env.items()
            if any(word in name.upper() for word in words) and len(value.strip()) >= _SHORTEST_SECRET
        )


def price_of(litellm: ModuleType, answer: object, model: str) -> float | None:
    """US dollars by litellm's bundled table; None if the table does not have the model. Never raises."""
    try:
        usd = float(litellm.completion_cost(completion_response=answer, model=model))
    except Exception:  # noqa: BLE001 - litellm raises a bare Exception for a model it does not know
        return None
    return usd if math.isfinite(usd) and usd >= 0 else None


def context_window(model: str) -> int:
    """The tokens that `model` takes, by litellm's bundled table; USUAL_WINDOW if the table does not have it."""
    # The table itself: `get_model_info` asks an Ollama server over HTTP.
    table: Mapping[str, JsonObject] = _quiet_litellm().model_cost
    entry = table.get(model) or table.get(model.partition("/")[2]) or {}
    return count(entry.get("max_input_tokens")) or USUAL_WINDOW


def _quiet_litellm() -> ModuleType:
    """The litellm module, imported and silenced on first use, which takes seconds."""
    with _importing:
        if "litellm" not in sys.modules:
            os.environ.update(environment())
        from devassist.llm.quiet_litellm import silenced

        return silenced()
