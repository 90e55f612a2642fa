"""Which values of an environment are secret: by their names, or because they look random."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping

SHORTEST = 5
"""Characters of a value that is taken out of text. Shorter ones would take half of all words with them."""
_WORDS = frozenset(
    "key keys apikey token tokens secret secrets pass passwd password passwords pwd passphrase pat cred creds "
    "credential credentials auth oauth cookie cookies session dsn webhook signature signing private salt jwt bearer "
    "otp pin sas connection conn license licence".split()
)
_PARTS = (
    "apikey",
    "token",
    "secret",
    "passw",
    "credential",
    "passphrase",
    "webhook",
    "privatekey",
    "accesskey",
)
"""Also inside of a word, as in PGPASSWORD and DBTOKEN."""
_HARMLESS_NAMES = re.compile(
    r"^(PWD|OLDPWD|DBUS_SESSION_BUS_ADDRESS|SESSION_MANAGER|DESKTOP_SESSION|GDMSESSION|TERM_SESSION_ID|XAUTHORITY"
    r"|XDG_SESSION_\w+|SSH_AUTH_SOCK|SSH_CONNECTION|GIT_AUTHOR_\w+|GIT_COMMITTER_\w+|KEYMAP|KEYBOARD\w*"
    r"|\w*_(PATH|DIR|FILE|HOME|SOCK|SOCKET|HOST|PORT|USER|USERNAME|NAME|REGION|TTL|LIMIT|TIMEOUT|ENABLED|VERSION|COUNT"
    r"|SIZE|TYPE|MODE|ALGORITHM|ALG|LENGTH|BITS|EXPIRY|DAYS|ISSUER|PROVIDER|BACKEND|ENDPOINT))$",
    re.IGNORECASE,
)
_HARMLESS = re.compile(
    r"^(true|false|yes|no|on|off|none|null|auto|ask|never|always|disabled?|enabled?|\d{1,4}|~?/[\w./ -]*|\$\{?\w+\}?)$",
    re.IGNORECASE,
)
_PUBLIC = frozenset(
    "admin administrator changeme default development dummy example guest hello master mysql passw0rd password "
    "postgres rabbitmq redis rootpw sample secret testing localhost".split()
)
"""Passwords of examples and local databases. They protect nothing, and are words of any code."""
_ID = re.compile(
    r"^(?:[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$", re.IGNORECASE
)
"""Object ids of git and UUIDs, which CI systems put into the environment."""
_RANDOM = re.compile(r"^[A-Za-z0-9+/=_.~-]{20,200}$")
_BITS = 3.7
"""Entropy per character from which a value looks random; English words have about 3."""
_URL_PASSWORD = re.compile(r"^[a-z][a-z0-9+.-]*://[^/\s:@]*:([^/\s@]+)@", re.IGNORECASE)


def known_secrets(environment: Mapping[str, str]) -> frozenset[str]:
    """The values of an environment that are secret, the passwords in its URLs included."""
    found: set[str] = set()
    for name, value in environment.items():
        found |= secrets_in(name, value.strip())
    return frozenset(found)


def secrets_in(name: str, value: str) -> frozenset[str]:
    """What of one named value is secret: nothing, its password if it is a URL, or all of it."""
    if (url := _URL_PASSWORD.match(value)) is not None:
        return frozenset({url.group(1)}) if len(url.group(1)) >= SHORTEST else frozenset()
    if len(value) < SHORTEST or _HARMLESS.match(value) or value.lower() in _PUBLIC:
        return frozenset()
    named = _says_secret(name) and not _HARMLESS_NAMES.match(name)
    return frozenset({value}) if named or _looks_random(value) else frozenset()


def _says_secret(name: str) -> bool:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    words = {word.lower() for word in re.split(r"[^A-Za-z0-9]+", spaced)}
    plain = name.lower().replace("_", "").replace("-", "")
    return not words.isdisjoint(_WORDS) or any(part in plain for part in _PARTS)


def _looks_random(value: str) -> bool:
    """Long, without spaces, of mixed characters, and more varied than words are. Ids of git and UUIDs do not count."""
    if not _RANDOM.match(value) or _ID.match(value) or "/" in value[:2]:
        return False
    kinds = sum(bool(re.search(kind, value)) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
    return kinds == 3 and _entropy(value) >= _BITS  # noqa: PLR2004  all of them


def _entropy(value: str) -> float:
    """Bits per character."""
    shares = [count / len(value) for count in Counter(value).values()]
    return -sum(share * math.log2(share) for share in shares)


def dotenv_secrets(text: str) -> frozenset[str]:
    """The secret values of a `.env` file: they are nowhere in the environment, and a command may print them."""
    pairs = (line.strip().removeprefix("export ").partition("=") for line in text.splitlines() if "=" in line)
    return known_secrets({name.strip(): value.strip().strip("\"'") for name, _, value in pairs})


_NAMED = re.compile(
    r"""(?im)["']?([\w./:-]*(?:passw(?:or)?d|token|secret|auth|apikey|api_key|access_key|key-data|credential)[\w.-]*)["']?"""
    r"""\s*[:=\s]\s*["']?([^\s"',}]+)"""
)


def credential_secrets(text: str) -> frozenset[str]:
    """The secrets of a file in which a tool keeps credentials: netrc, git's, cloud tools' and registries' own."""
    named = {value for name, value in _NAMED.findall(text) if secrets_in(name, value)}
    urls = {match.group(1) for line in text.splitlines() if (match := _URL_PASSWORD.match(line.strip()))}
    return frozenset(value for value in named | urls if len(value) >= SHORTEST)
