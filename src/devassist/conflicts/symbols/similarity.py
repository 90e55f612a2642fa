"""Measures the likeness of code by its tokens without comments, in threes. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from devassist.conflicts.syntax.languages import LanguageFamily

_STRING = r"'''[\s\S]*?'''|\"\"\"[\s\S]*?\"\"\"|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`"
_HASH = re.compile(rf"{_STRING}|(?P<comment>#[^\n]*)|\w+|[^\w\s]")
_SLASH = re.compile(rf"{_STRING}|(?P<comment>//[^\n]*|/\*[\s\S]*?\*/)|\w+|[^\w\s]")
_NAME = re.compile(r"[A-Za-z_$][\w$]*")


@lru_cache(maxsize=2048)
def tokens(text: str, family: LanguageFamily | None) -> tuple[str, ...]:
    """Words, signs and strings; comments and white space do not count."""
    pattern = _HASH if family is LanguageFamily.PYTHON else _SLASH
    return tuple(token.group() for token in pattern.finditer(text) if token.group("comment") is None)


def shingles(words: Sequence[str], name: str = "") -> frozenset[int]:
    """Runs of three tokens as numbers; `name` (of the definition itself) is left out of the comparison."""
    plain = ["\0" if word == name else word for word in words]
    return frozenset(hash(tuple(plain[at : at + 3])) for at in range(max(1, len(plain) - 2)))


def likeness(left: frozenset[int], right: frozenset[int]) -> float:
    """Shared runs over all runs: 1.0 is the same code."""
    if not left or not right:
        return 0.0
    return len(left & right) / len(left | right)


def shape(words: Sequence[str], parameters: Sequence[str] = ()) -> tuple[str, ...]:
    """The words with parameters and locals as numbers, in the order of their first use: what renaming them leaves."""
    own = set(parameters)
    for at, word in enumerate(words[:-2]):
        if _NAME.fullmatch(word) and (
            words[at + 1] in ("=", "of", "in") or words[at + 1 : at + 3] == (":", "=")
        ):
            own.add(word)
    numbers: dict[str, str] = {}
    return tuple(numbers.setdefault(word, f"${len(numbers)}") if word in own else word for word in words)
