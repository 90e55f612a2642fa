"""Which HTTP headers may be set: valid ones, and secrets only by the name of an environment variable."""

from __future__ import annotations

import re

from devassist.domain.errors import ConfigError

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_SECRET = re.compile(r"auth|key|token|secret|cookie|passw|credential", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{?[A-Za-z_]")


def check_header(origin: str, key: str, name: str, value: str) -> None:
    """Raises ConfigError for a header that no server takes, or whose secret would be recorded with the settings."""
    if not _NAME.fullmatch(name) or not value.isprintable() or not value.isascii():
        raise ConfigError(f"{origin}: {key}.{name} is not an HTTP header", hint='X-Team = "agents"')
    if _SECRET.search(name) and not _VARIABLE.search(value):
        raise ConfigError(
            f"{origin}: {key}.{name} looks like a secret, and settings are recorded in the log",
            hint=f'Name an environment variable: {name} = "$VARIABLE"',
        )
