"""
How an event's data becomes text and comes back.

Canonical JSON, so that equal data has equal text and the digest over it means something. Long strings go
to a content-addressed side table (a model's messages repeat every turn; stored once, they cost once) and
leave `{"$payload": "<sha256>", "size": <bytes>}` behind. A key that would look like such a reference gets
one more dollar in front, which `unpack` takes off again.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from devassist.domain.errors import AuditError, AuditTampered

INLINE_LIMIT = 1024
"""Strings longer than this many characters are stored once, by their hash."""

DEPTH_LIMIT = 200
"""Deeper, Python's stack ends first; deeper still, SQLite's JSON functions, and every view with them."""

TOMBSTONE = '{"$redacted":true}'
"""The whole of `events.data` after a redaction. Why and by whom is in `tombstones`."""

_REFERENCE = "$payload"
_ESCAPABLE = re.compile(r"\$+payload")
_REFERENCES = re.compile(r'"\$payload":"([0-9a-f]{64})"')


class Packed(NamedTuple):
    """The text for `events.data`, and the long strings it refers to, by their hash."""

    text: str
    bodies: dict[str, bytes]


def safe(text: str) -> str:
    """Lone surrogates (file names that are not UTF-8) spelled out, for SQLite and terminals to take."""
    if type(text) is str and text.isascii():
        return text  # nearly every key and most values: encoding them would be much of a recording's cost
    return str(text).encode("utf-8", "backslashreplace").decode("utf-8")


def normalise(value: Any) -> Any:
    """Plain JSON values only: a private copy, tuples as lists. Refuses what JSON has no word for."""
    try:
        return _normalise(value, 0)
    except RecursionError as error:
        raise AuditError("event data is nested too deep for where it is recorded from") from error


def pack(data: Mapping[str, Any]) -> Packed:
    """Canonical text of `data`, long strings set aside. Raises AuditError for what is not JSON."""
    return pack_plain(normalise(data))


def pack_plain(data: Mapping[str, Any]) -> Packed:
    """`pack` for data that `normalise` has returned."""
    bodies: dict[str, bytes] = {}
    outlined = _outline(data, bodies)
    try:
        text = json.dumps(
            outlined, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
    except ValueError as error:
        raise AuditError(f"event data is not JSON: {error}") from error
    return Packed(text, bodies)


def unpack(text: str, fetch: Callable[[str], bytes]) -> Any:
    """What was packed; `fetch` gives the body for a hash."""
    return _inline(parse(text), fetch)


def parse(text: str) -> Any:
    """The stored JSON as it stands, references left in place."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AuditTampered(
            f"event data is not JSON: {error}", hint="see which event with 'devassist audit verify'"
        ) from error


def references(text: str) -> list[str]:
    """The hashes that packed `text` refers to. Quotes inside a JSON string are escaped: none is faked."""
    return _REFERENCES.findall(text)


def compress(body: bytes) -> tuple[str, bytes]:
    """(codec, stored bytes): zlib where it shrinks, else as it is."""
    smaller = zlib.compress(body, 6)
    return ("zlib", smaller) if len(smaller) < len(body) else ("plain", body)


def decompress(codec: str, stored: bytes) -> bytes:
    """The body behind `stored`. Raises AuditTampered where it is none."""
    try:
        match codec:
            case "zlib":
                return zlib.decompress(stored)
            case "plain":
                return bytes(stored)
            case "redacted":
                return b"[redacted]"
            case _:
                raise AuditTampered(f"unknown payload codec {codec!r}")
    except zlib.error as error:
        raise AuditTampered(f"a payload does not decompress: {error}") from error


def _normalise(value: Any, depth: int) -> Any:
    if depth > DEPTH_LIMIT:
        raise AuditError(f"event data is nested more than {DEPTH_LIMIT} deep")
    match value:  # what is frequent first, and what an abstract class has to be asked about last
        case str():
            return safe(value)
        case list() | tuple():
            return [_normalise(item, depth + 1) for item in value]
        case None | bool():
            return value
        case int():
            return int(value)
        case float():
            return _finite(float(value))
        case dict() | Mapping():
            return {_key(key): _normalise(item, depth + 1) for key, item in value.items()}
        case _:
            raise AuditError(f"event data holds a {type(value).__name__}, which JSON has no word for")


def _finite(number: float) -> float:
    if number - number != 0:  # NaN and the infinities, without a branch for each
        raise AuditError(f"event data holds {number}, which JSON has no word for")
    return number


def _key(key: Any) -> str:
    if type(key) is str and key.isascii():
        return key
    if not isinstance(key, str):
        raise AuditError(f"event data has the key {key!r}; keys are strings")
    return safe(key)


def _outline(value: Any, bodies: dict[str, bytes]) -> Any:
    if isinstance(value, str) and len(value) > INLINE_LIMIT:
        body = value.encode("utf-8")
        digest = hashlib.sha256(body).hexdigest()
        bodies[digest] = body
        return {_REFERENCE: digest, "size": len(body)}
    if isinstance(value, dict):
        return {_escaped(key): _outline(item, bodies) for key, item in value.items()}
    if isinstance(value, list):
        return [_outline(item, bodies) for item in value]
    return value


def _inline(value: Any, fetch: Callable[[str], bytes]) -> Any:
    if isinstance(value, dict):
        if _REFERENCE in value:
            return fetch(str(value[_REFERENCE])).decode("utf-8", "replace")
        return {_unescaped(key): _inline(item, fetch) for key, item in value.items()}
    if isinstance(value, list):
        return [_inline(item, fetch) for item in value]
    return value


def _escaped(key: str) -> str:
    return f"${key}" if _ESCAPABLE.fullmatch(key) else key


def _unescaped(key: str) -> str:
    return key[1:] if _ESCAPABLE.fullmatch(key) else key


def all_references(texts: Iterable[str]) -> list[str]:
    """Every hash referred to by any of `texts`, once, in order of appearance."""
    return list(dict.fromkeys(name for text in texts for name in references(text)))
