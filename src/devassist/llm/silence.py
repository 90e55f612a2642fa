"""The environment in which litellm and crewai stay quiet, offline and out of the repository's `.env`."""

from __future__ import annotations

import os
from collections.abc import Mapping

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def environment(inherited: Mapping[str, str] | None = None) -> dict[str, str]:
    """
    The variables that a worker process sets before it imports litellm or crewai.

    Set, not `setdefault`: these are promises, not preferences. `inherited` (this process's own by
    default) is extended if a variable holds a list: no proxy may come between devassist and a server on loopback.
    """
    inherited = os.environ if inherited is None else inherited
    bypassed = [
        name for name in inherited.get("NO_PROXY", inherited.get("no_proxy", "")).split(",") if name.strip()
    ]
    bypassed += [name for name in _LOOPBACK if name not in bypassed]
    no_proxy = ",".join(bypassed)
    return {
        "ANONYMIZED_TELEMETRY": "False",
        "CREWAI_DISABLE_TELEMETRY": "true",
        "CREWAI_DISABLE_TRACKING": "true",
        "CREWAI_DISABLE_VERSION_CHECK": "true",
        "CREWAI_TRACING_ENABLED": "false",
        # Also off for our own spans: the OTLP exporter builds them from the audit log, not with this SDK.
        "OTEL_SDK_DISABLED": "true",
        # Without this litellm fetches its price table from GitHub at import.
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_LOG": "CRITICAL",
        "LITELLM_MODE": "PRODUCTION",
        # Both load the `.env` of the directory above site-packages, which may be the repository at work.
        "PYTHON_DOTENV_DISABLED": "1",
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
    }
