"""The forms in which a known value may stand in text: as it is, escaped, encoded, dumped, or split."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

_SHORTEST_MIDDLE = 6
"""Characters of an encoding that lies between others: fewer would be found by chance."""
_BETWEEN = r"[\s\"'`+\\,.;()]{0,12}?"
"""What may stand between the pieces of a value that was split: a line's end, quotes, a plus."""
_SEPARATOR = r"[\s:,-]{0,3}(?:0x|\\x)?"
_LONGEST_SPLIT = 200


def forms(value: str) -> Iterator[str]:
    """The texts that are looked for as they are."""
    raw = value.encode()
    yield value
    yield value[::-1]
    for escaped in (quote(value, safe=""), quote(value), quote_plus(value)):
        yield escaped
        yield re.sub(r"%[0-9A-F]{2}", lambda match: match.group().lower(), escaped)
    yield html.escape(value)
    yield html.escape(value).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")
    yield "".join(f"&#{ord(char)};" for char in value)
    for once in (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]):
        yield once
        yield json.dumps(once)[1:-1]
    yield value.replace("'", "'\\''")
    yield re.sub(r"([^A-Za-z0-9_@%+=:,./-])", r"\\\1", value)
    yield "".join(f"\\x{byte:02x}" for byte in raw)
    yield "".join(f"\\u{ord(char):04x}" for char in value if ord(char) <= 0xFFFF)  # noqa: PLR2004
    yield from _within(raw)


def _within(raw: bytes) -> Iterator[str]:
    """The part of base64 and base32 that does not depend on what stands before and after."""
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
        middle = coded[(shift * 8 + 5) // 6 : len(coded) - 1]
        if len(middle) >= _SHORTEST_MIDDLE:
            yield middle
            yield middle.replace("+", "-").replace("/", "_")
    for shift in range(5):
        coded = base64.b32encode(b"\0" * shift + raw).decode().rstrip("=")
        middle = coded[(shift * 8 + 4) // 5 : len(coded) - 1]
        if len(middle) > _SHORTEST_MIDDLE:
            yield middle
            yield middle.lower()


@dataclass(frozen=True, slots=True)
class Loose:
    """A value that is looked for with something between its pieces. `hints` say at no cost whether it may be there."""

    hints: tuple[str, str]
    pattern: re.Pattern[str]
    folded: bool = False
    """Whether the hints are in lower case, for a text that is."""

    def may_be_in(self, text: str, lowered: str) -> bool:
        where = lowered if self.folded else text
        return self.hints[0] in where and self.hints[1] in where


def loose_forms(value: str) -> Iterator[Loose]:
    """The value split over lines or quotes, and its bytes in hexadecimal, in either case and with separators."""
    if len(value) >= _SHORTEST_MIDDLE + 2 and len(value) <= _LONGEST_SPLIT and not re.search(r"\s", value):
        yield Loose((value[:2], value[-2:]), re.compile(_BETWEEN.join(map(re.escape, value))))
    digits = [f"{byte:02x}" for byte in value.encode()]
    if len(digits) <= _LONGEST_SPLIT:
        pattern = re.compile(_SEPARATOR.join(digits), re.IGNORECASE)
        yield Loose((digits[0], digits[-1]), pattern, folded=True)
        swapped = [second + first for first, second in zip(digits[::2], digits[1::2], strict=False)]
        if len(digits) >= _SHORTEST_MIDDLE and len(digits) % 2 == 0:  # hexdump and od show words of two bytes
            yield Loose(
                (swapped[0], swapped[-1]), re.compile(r"[\s]{0,3}".join(swapped), re.IGNORECASE), folded=True
            )
