"""Model servers in the person's own hands: on this machine or the private network, and free of charge."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from devassist.domain.settings import ModelSettings
from devassist.llm.models.prices import find_price
from devassist.llm.models.providers import is_loopback, provider_of, server_of
from devassist.llm.models.windows import OLLAMA

_OLLAMA_BASE = "http://127.0.0.1:11434"


def own_server(model: str, settings: ModelSettings, env: Mapping[str, str]) -> str:
    """The URL of the person's own server for a model; empty if it is anybody else's, or if a call of it is paid for."""
    base = server_of(model, settings.api_base, env) or (_OLLAMA_BASE if provider_of(model) in OLLAMA else "")
    if not base or not (is_loopback(base) or _is_private(base)):
        return ""
    price = find_price(model, settings.prices, base)
    return base if price is None or not (price.input or price.output) else ""


def _is_private(url: str) -> bool:
    try:
        return ipaddress.ip_address(urlsplit(url).hostname or "").is_private
    except ValueError:
        return False
