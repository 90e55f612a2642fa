"""Asks a model server about its models: one short HTTP request that runs no model."""

from __future__ import annotations

import http.client
import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass

from devassist.domain.events import JsonObject

TIMEOUT_S = 0.3
_MOST_BYTES = 1_000_000


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A key goes only where it was meant to go."""

    def redirect_request(self, *_: object) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Lookup:
    """`key` is sent as a bearer token if it is not empty."""

    key: str = ""
    timeout_s: float = TIMEOUT_S

    def __call__(self, url: str, question: JsonObject | None = None) -> JsonObject:
        """The JSON object at `url`, by POST if there is a `question`; empty for any other answer."""
        if not url.startswith(("http://", "https://")):
            return {}
        # No proxies: a proxy that answers for 127.0.0.1 would look like a model server.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects())
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        data = None if question is None else json.dumps(question).encode()
        headers |= {} if data is None else {"Content-Type": "application/json"}
        try:
            request = urllib.request.Request(url, data=data, headers=headers)  # noqa: S310  checked above
            with opener.open(request, timeout=self.timeout_s) as answer:
                value = json.loads(answer.read(_MOST_BYTES))
        # A port may be anything's, also something's that does not speak HTTP.
        except (OSError, ValueError, RecursionError, http.client.HTTPException):
            return {}
        return value if isinstance(value, Mapping) else {}
