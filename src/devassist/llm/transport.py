"""The HTTP session of OpenAI-shaped providers: no proxy before loopback, no redirects, sound usage."""

from __future__ import annotations

import json
from typing import Any

# httpx is litellm's own dependency; imported inside the functions because it costs 0.1 s.

_LOOPBACK = ("all://127.0.0.1", "all://localhost", "all://[::1]")


def open_session(verify: Any = True) -> Any:  # noqa: FBT002 - httpx's own parameter, an SSL context as a rule
    """
    An `httpx.Client` for litellm to use.

    litellm rejects a whole reply whose usage is text or has text in it, which some local servers send.
    Redirects are refused: one attempt is one request, and a key goes only where it was meant to go.
    """
    import httpx

    class Repairing(httpx.BaseTransport):
        def __init__(self) -> None:
            self._inner = httpx.HTTPTransport(verify=verify)

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            response = self._inner.handle_request(request)
            if response.status_code != httpx.codes.OK:
                return response
            try:
                body = response.read()
            finally:
                response.close()
            kept = [
                (key, value)
                for key, value in response.headers.raw
                # `read` has decoded the body and its length may change.
                if key.lower() not in (b"content-encoding", b"content-length", b"transfer-encoding")
            ]
            return httpx.Response(response.status_code, headers=kept, content=with_sound_usage(body))

        def close(self) -> None:
            self._inner.close()

    transport = Repairing()
    mounts = dict.fromkeys(_LOOPBACK, transport)
    return httpx.Client(transport=transport, mounts=mounts, follow_redirects=False)


def with_sound_usage(body: bytes) -> bytes:
    """The body with token counts that are integers of at least 0; unchanged where they are, or not JSON."""
    try:
        reply = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if not isinstance(reply, dict) or "usage" not in reply:
        return body
    usage = reply["usage"]
    given = usage if isinstance(usage, dict) else {}
    prompt, answer = (count(given.get(name)) for name in ("prompt_tokens", "completion_tokens"))
    sound = {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}
    if usage is given and all(type(given.get(name, 0)) is int and given.get(name, 0) >= 0 for name in sound):
        return body
    # The details go with the broken counts they detail.
    return json.dumps({**reply, "usage": sound}).encode()


def count(value: Any) -> int:
    """A token count from whatever a provider sent, never negative; 0 where it is no number."""
    if isinstance(value, bool):
        return 0
    try:
        return max(0, int(value))
    except (TypeError, ValueError, OverflowError):
        return 0
