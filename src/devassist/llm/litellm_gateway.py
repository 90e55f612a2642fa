"""One attempt at one completion through litellm: one HTTP request, no retry, nothing printed."""

from __future__ import annotations

import json
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import ModuleType
from typing import NamedTuple

from devassist.domain.errors import ModelError
from devassist.domain.settings import ModelSettings
from devassist.llm.adjustments import Adjustment, adjustment_for, plain_reasoning
from devassist.llm.case import Case, case_of
from devassist.llm.failures import model_error
from devassist.llm.models.params import arguments_of, params_for, variables_of, window_for
from devassist.llm.models.prices import find_price
from devassist.llm.models.providers import KEYS, find_key, is_loopback, key_variable, provider_of, server_of
from devassist.llm.models.windows import OLLAMA, SHORT_UNLESS_ASKED, Windows, longest_reply
from devassist.llm.reply_format import response_format
from devassist.llm.silence import environment
from devassist.llm.wire.outgoing import Outgoing, outgoing
from devassist.llm.wire.replies import reply_from
from devassist.llm.wire.transport import tokens_told
from devassist.ports import ModelReply, ModelRequest

PLACEHOLDER_KEY = "no-key-needed"
"""Sent if the person chose a server and set no key: the OpenAI SDK refuses to send none at all."""

_CHARS_PER_TOKEN = 3
"""Fewer than there are: code and other languages have shorter tokens than English."""
_SHORTEST_SECRET = 6
_importing = threading.Lock()  # guards the first import and the one session


class _Endpoint(NamedTuple):
    """Where a model is called. Empty texts leave it to litellm."""

    base: str
    key: str


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
        self._adjustments: dict[str, set[Adjustment]] = {}
        self._windows = Windows(
            base_of=self._base,
            key_of=lambda model: find_key(provider_of(model), self._env),
            chosen=lambda model: window_for(model, settings),
        )

    def window(self, model: str) -> int:
        """The tokens that `model` takes."""
        return self._windows.of(model).tokens

    def attempt(self, request: ModelRequest) -> ModelReply:
        """Send `request` once. Raises ModelError; never retries, never falls back."""
        endpoint = self._endpoint(request.model)
        parameters = self._parameters(request, endpoint)
        litellm = _quiet_litellm()
        try:
            answer = _answer(litellm, parameters)
        except Exception as error:  # noqa: BLE001 - litellm lets anything through, and all of it means: no reply
            case = case_of(error, request, self._secrets(), endpoint.base, self._now)
            failed = self._adjusted(case) or model_error(case)
        else:
            return self._priced(reply_from(answer, request), litellm, answer, request.model)
        # Raised outside of the handler: the chained originals hold headers and keys.
        raise failed

    def _priced(self, reply: ModelReply, litellm: ModuleType, answer: object, model: str) -> ModelReply:
        """The reply with what it cost."""
        price = find_price(model, self._settings.prices, self._base(model))
        if price is None:
            return reply
        # litellm knows more of prices than its table says in one line: tiers, batches, images.
        usd = None if price.own or reply.estimated else _table_cost(litellm, answer, model)
        return replace(reply, usd=usd or price.of(reply))

    def _adjusted(self, case: Case) -> ModelError | None:
        """The error that has the request sent again in the form that the server asked for; None if it asked before."""
        learnt = self._adjustments.setdefault(case.request.model, set())
        adjustment = adjustment_for(case, learnt)
        if adjustment is None or adjustment in learnt:
            return None
        if adjustment is Adjustment.USUAL_LENGTH and not self._lengthens(case.request):
            return None
        learnt.add(adjustment)
        return ModelError(
            f"model {case.request.model}: {adjustment}: {case.text}", kind="adjusted", retryable=True
        )

    def _lengthens(self, request: ModelRequest) -> bool:
        """Whether longer replies are asked for than the provider allows unless asked, and not by the person."""
        own = request.max_tokens or params_for(request.address.role, self._settings).max_tokens
        return not own and provider_of(request.model) in SHORT_UNLESS_ASKED

    def _endpoint(self, model: str) -> _Endpoint:
        """The server and key to pass; litellm decides if they are empty. Raises ModelError if a key is missing."""
        provider, base = provider_of(model), self._base(model)
        # Passed on, so that `env` decides and not litellm; keys in other variables are sent differently.
        key = self._env.get(key_variable(provider), "").strip() if provider in KEYS else ""
        if key or find_key(provider, self._env):
            return _Endpoint(base, key)
        if base and (provider == "openai" or is_loopback(base)):
            return _Endpoint(base, PLACEHOLDER_KEY)
        if provider in KEYS and not base:
            variable = key_variable(provider)
            hint = f"set {variable} in the environment, or choose another model with --model"
            raise ModelError(f"model {model} needs a key: {variable} is not set", kind="auth", hint=hint)
        return _Endpoint(base, "")

    def _base(self, model: str) -> str:
        """The server that the person chose; empty for the provider's own."""
        return server_of(model, self._settings.api_base, self._env)

    def _parameters(self, request: ModelRequest, endpoint: _Endpoint) -> dict[str, object]:
        learnt = self._adjustments.get(request.model, set())
        if Adjustment.WITHOUT_REASONING in learnt:
            request = replace(request, reasoning={})
        elif Adjustment.PLAIN_REASONING in learnt:
            request = replace(request, reasoning=plain_reasoning(request.reasoning))
        sent = outgoing(request, takes_turns=Adjustment.TURNS in learnt)
        parameters: dict[str, object] = {
            "model": request.model,
            "messages": sent.messages,
            "timeout": self._settings.timeout_s,
            "num_retries": 0,
            "max_retries": 0,
            "stream": Adjustment.STREAM in learnt,
            # litellm from 1.106 on imports mcp 2 for any call with tools, and crewai keeps mcp below 2.
            "_skip_mcp_handler": True,
            # Otherwise litellm would silently drop the tools for a provider without them.
            "drop_params": False,
        }
        if Adjustment.STREAM in learnt:
            parameters["stream_options"] = {"include_usage": True}
        if sent.tools:
            parameters["tools"] = sent.tools
        if request.schema is not None and Adjustment.ANY_TEXT not in learnt:
            parameters["response_format"] = response_format(request.schema, Adjustment.ANY_OBJECT in learnt)
        params = params_for(request.address.role, self._settings)
        parameters |= arguments_of(params, self._env)
        if max_tokens := params.max_tokens or self._max_tokens(request, sent):
            parameters["max_tokens"] = max_tokens
        if provider_of(request.model) in OLLAMA:
            parameters["num_ctx"] = self.window(request.model)
        if endpoint.base:
            parameters["api_base"] = endpoint.base
        if endpoint.key:
            parameters["api_key"] = endpoint.key
        return parameters

    def _max_tokens(self, request: ModelRequest, sent: Outgoing) -> int:
        """The longest reply to ask for; 0 leaves it to the provider."""
        if request.max_tokens is not None:
            return request.max_tokens
        if Adjustment.USUAL_LENGTH in self._adjustments.get(request.model, ()):
            return 0
        size = len(json.dumps([sent.messages, sent.tools], default=str)) // _CHARS_PER_TOKEN
        return longest_reply(request.model, self._windows.of, prompt=size)

    def _secrets(self) -> tuple[str, ...]:
        """Values of the environment that must not appear in an error's text."""
        words = ("KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL")
        all_params = (self._settings.params, *self._settings.role_params.values())
        in_headers = [variable for params in all_params for variable in variables_of(params)]
        return tuple(
            value.strip()
            for name, value in self._env.items()
            if (any(word in name.upper() for word in words) or name in in_headers)
            and len(value.strip()) >= _SHORTEST_SECRET
        )


def _table_cost(litellm: ModuleType, answer: object, model: str) -> float | None:
    """US dollars by litellm's bundled table; None if the table does not have the model. Never raises."""
    try:
        usd = float(litellm.completion_cost(completion_response=answer, model=model))
    except Exception:  # noqa: BLE001 - litellm raises a bare Exception for a model it does not know
        return None
    return usd if math.isfinite(usd) and usd >= 0 else None


def _answer(litellm: ModuleType, parameters: Mapping[str, object]) -> object:
    """The whole completion, also of an endpoint that streams it."""
    answer: object = litellm.completion(**parameters)
    if not parameters["stream"] or not isinstance(answer, Iterable):
        return answer
    whole: object = litellm.stream_chunk_builder(list(answer), messages=parameters["messages"])
    if isinstance(whole, litellm.ModelResponse) and not tokens_told():
        setattr(whole, "usage", None)  # noqa: B010  litellm has counted by itself, and would pass for the provider
    return whole


def _quiet_litellm() -> ModuleType:
    """The litellm module, imported and silenced on first use, which takes seconds."""
    with _importing:
        if "litellm" not in sys.modules:
            os.environ.update(environment())
        from devassist.llm.quiet_litellm import silenced

        return silenced()
