"""Secrets out of text before it is stored, shown or sent: exact known values, then shapes."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote

_SECRET_NAME = re.compile(r"(?i)(key|token|secret|passw|credential|auth|cookie|session|dsn)")
_HARMLESS = re.compile(r"(?i)^(true|false|none|null|\d{1,5}|/[\w./-]*)$")
_SHORTEST = 8
_REMEMBERED = 4096
"""Texts of which is remembered what becomes of them."""
_LONGEST_REMEMBERED = 1000

_SHAPES: Sequence[tuple[str, str, re.Pattern[str]]] = [
    (rule, word, re.compile(pattern))
    for rule, word, pattern in (
        ("openai", "sk-", r"\bsk-(?:proj-|ant-|or-v1-|svcacct-)?[A-Za-z0-9_-]{20,}"),
        ("aws", "A", r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b"),
        ("github", "gh", r"\bgh[pousr]_[A-Za-z0-9]{36,}\b"),
        ("github", "github_pat_", r"\bgithub_pat_[A-Za-z0-9_]{60,}\b"),
        ("gitlab", "glpat-", r"\bglpat-[A-Za-z0-9_-]{20,}"),
        ("google", "AIza", r"\bAIza[A-Za-z0-9_-]{35}"),
        ("slack", "xox", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
        ("stripe", "k_", r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}"),
        ("groq", "gsk_", r"\bgsk_[A-Za-z0-9]{40,}"),
        ("xai", "xai-", r"\bxai-[A-Za-z0-9]{40,}"),
        ("huggingface", "hf_", r"\bhf_[A-Za-z0-9]{30,}\b"),
        ("npm", "npm_", r"\bnpm_[A-Za-z0-9]{36}\b"),
        ("pypi", "pypi-", r"\bpypi-[A-Za-z0-9_-]{50,}"),
        ("jwt", "eyJ", r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),
        ("url-password", "://", r"(?<=://)[^/\s:@]{1,64}:[^/\s:@]{3,}(?=@)"),
        ("bearer", "earer", r"(?<=earer )[A-Za-z0-9._~+/-]{20,}=*"),
        ("bearer", "EARER", r"(?<=EARER )[A-Za-z0-9._~+/-]{20,}=*"),
    )
]
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL)


def known_secrets(environment: Mapping[str, str]) -> frozenset[str]:
    """The values of an environment whose names say that they are secret."""
    return frozenset(
        value
        for name, value in environment.items()
        if _SECRET_NAME.search(name) and len(value) >= _SHORTEST and not _HARMLESS.match(value)
    )


def dotenv_secrets(text: str) -> frozenset[str]:
    """The secret values of a `.env` file: they are nowhere in the environment, and a command may print them."""
    pairs = (line.strip().removeprefix("export ").partition("=") for line in text.splitlines() if "=" in line)
    return known_secrets({name.strip(): value.strip().strip("\"'") for name, _, value in pairs})


class Redactor:
    """Replaces every secret by `[REDACTED:<rule>]`; line counts stay as they are."""

    def __init__(self, known: Iterable[str] = (), patterns: Iterable[str] = ()) -> None:
        forms = {form for value in known for form in _forms(value)}
        longest_first = sorted(forms, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None
        self._own = [re.compile(pattern) for pattern in patterns]
        # The descriptions of the tools, for instance, are in every recorded model call.
        self._remembered = lru_cache(maxsize=_REMEMBERED)(self._redacted)

    def text(self, text: str) -> str:
        if len(text) < _SHORTEST and not self._own:  # no secret that is known by itself is as short
            return text
        return self._remembered(text) if len(text) <= _LONGEST_REMEMBERED else self._redacted(text)

    def _redacted(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub(_by("known"), text)
        if "PRIVATE KEY-----" in text:
            text = _PEM.sub(_by("pem"), text)
        for rule, word, shape in _SHAPES:
            if word in text:
                text = shape.sub(f"[REDACTED:{rule}]", text)
        for pattern in self._own:
            text = pattern.sub(_by("configured"), text)
        return text

    def value(self, value: Any) -> Any:
        """The same JSON-shaped value with every text in it redacted, keys included."""
        return _mapped(value, self.text)


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if type(value) is dict or isinstance(value, Mapping):  # the latter alone is slow
        return {change(str(key)): _mapped(one, change) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_mapped(one, change) for one in value]
    return value


def _by(rule: str) -> Callable[[re.Match[str]], str]:
    """What stands in a secret's place: as many lines as it had, so that line numbers stay true."""
    return lambda match: f"[REDACTED:{rule}]" + "\n" * match.group().count("\n")


def _forms(value: str) -> Iterable[str]:
    raw = value.encode()
    yield value
    yield raw.hex()
    yield quote(value, safe="")
    yield value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    for shift in range(3):  # base64 of a text that starts at any of the three alignments
        coded = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
        middle = coded[(shift * 8 + 5) // 6 : len(coded) - 1]
        if len(middle) >= _SHORTEST:
            yield middle
            yield middle.replace("+", "-").replace("/", "_")
