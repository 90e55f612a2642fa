"""The HTTP session of OpenAI-shaped providers: no proxy before loopback, no redirects, sound usage."""

from __future__ import annotations

import ssl

import httpx

from devassist.llm.transport import with_sound_usage

_LOOPBACK = ("all://127.0.0.1", "all://localhost", "all://[::1]")
_REWRITTEN = (b"content-encoding", b"content-length", b"transfer-encoding")
"""Headers that no longer hold once a body is decoded, and its length may have changed."""


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
        return httpx.Response(response.status_code, headers=kept, content=with_sound_usage(body))

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
