"""litellm as devassist uses it: silent, offline, and with an HTTP session that makes token counts sound."""

# This imports litellm, so import it only before a model is called, with silence.environment() set.

from __future__ import annotations

import logging
import ssl
import warnings
from collections.abc import Mapping
from functools import cache
from types import ModuleType

import httpx
import litellm
from litellm.llms.custom_httpx.http_handler import get_ssl_configuration
from openai.types.chat import ChatCompletion

from devassist.llm.wire.transport import received

_LOOPBACK = ("all://127.0.0.1", "all://localhost", "all://[::1]")
_REWRITTEN = (b"content-encoding", b"content-length", b"transfer-encoding")
"""Headers that no longer hold once a body is decoded, and its length may have changed."""
_LOGGERS = ("LiteLLM", "LiteLLM Proxy", "LiteLLM Router", "litellm", "openai", "httpx", "httpcore")


@cache
def silenced() -> ModuleType:
    """The litellm module, silenced at the first call."""
    module: ModuleType = litellm
    settings: Mapping[str, object] = {
        "suppress_debug_info": True,
        "set_verbose": False,
        "telemetry": False,
        "turn_off_message_logging": True,
        "drop_params": False,
        "num_retries": None,
        "callbacks": [],
        # The TLS settings are those that the person gave litellm (SSL_VERIFY, SSL_CERT_FILE).
        "client_session": open_session(get_ssl_configuration()),
    }
    for name, value in settings.items():
        setattr(module, name, value)
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]
        logger.propagate = False
        logger.setLevel(logging.CRITICAL + 1)
    # Replies that are not quite OpenAI's shape make pydantic complain on stderr.
    warnings.filterwarnings("ignore", message="Pydantic serializer warnings", category=UserWarning)
    # openai's pydantic classes are otherwise built at first use: forked workers share what is built before the fork.
    ChatCompletion.model_rebuild(raise_errors=False)
    return module


class _Repairing(httpx.BaseTransport):
    """Sends over `inner`, and gives each body that came with status 200 sound token counts."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._inner.handle_request(request)
        if response.status_code != httpx.codes.OK:
            return response
        try:
            body = response.read()
        finally:
            response.close()
        kept = [(key, value) for key, value in response.headers.raw if key.lower() not in _REWRITTEN]
        return httpx.Response(response.status_code, headers=kept, content=received(body))

    def close(self) -> None:
        self._inner.close()


def open_session(verify: ssl.SSLContext | str | bool) -> httpx.Client:  # noqa: FBT001 - httpx's own parameter
    """
    A session for litellm to use; `verify` are TLS settings as httpx takes them.

    litellm rejects a whole reply whose usage is text or has text in it, which some local servers send.
    Redirects are refused: one attempt is one request, and a key goes only where it was meant to go.
    """
    transport = _Repairing(httpx.HTTPTransport(verify=verify))
    mounts = dict.fromkeys(_LOOPBACK, transport)
    return httpx.Client(transport=transport, mounts=mounts, follow_redirects=False)
