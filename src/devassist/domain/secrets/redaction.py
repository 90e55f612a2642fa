"""Secrets out of text before it is stored, shown or sent: exact known values in any form, then shapes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from devassist.domain.secrets.encodings import Loose, forms, loose_forms
from devassist.domain.secrets.names import SHORTEST
from devassist.domain.secrets.shapes import PEM, SHAPES

_REMEMBERED = 4096
"""Texts of which is remembered what becomes of them."""
_LONGEST_REMEMBERED = 1000
_ALONE = 8
"""Characters of a value from which it is looked for inside of words as well."""


class Redactor:
    """Replaces every secret by `[REDACTED:<rule>]`; line counts stay as they are."""

    def __init__(self, known: Iterable[str] = (), patterns: Iterable[str] = ()) -> None:
        values = [value for value in dict.fromkeys(known) if len(value) >= SHORTEST]
        found = {
            form: len(value) < _ALONE for value in values for form in forms(value) if len(form) >= SHORTEST
        }
        # Longest first. A look for each is far cheaper than one pattern of all of them.
        self._known = sorted(found.items(), key=lambda item: (-len(item[0]), item[0]))
        self._loose: list[Loose] = [
            loose for value in values if len(value) >= _ALONE for loose in loose_forms(value)
        ]
        self._own = [re.compile(pattern) for pattern in patterns]
        # The descriptions of the tools, for instance, are in every recorded model call.
        self._remembered = lru_cache(maxsize=_REMEMBERED)(self._redacted)

    def text(self, text: str) -> str:
        if len(text) < SHORTEST and not self._own:  # no secret that is known by itself is as short
            return text
        return self._remembered(text) if len(text) <= _LONGEST_REMEMBERED else self._redacted(text)

    def _redacted(self, text: str) -> str:
        for form, is_word in self._known:
            if form in text:
                text = re.sub(_pattern(form, is_word=is_word), _by("known"), text)
        if self._loose:
            lowered = text.lower()
            for loose in self._loose:
                if loose.may_be_in(text, lowered):
                    text = loose.pattern.sub(_by("known"), text)
        if "PRIVATE KEY" in text or "Private-MAC" in text:
            text = PEM.sub(_by("pem"), text)
        for rule, word, shape in SHAPES:
            if word in text:
                text = shape.sub(f"[REDACTED:{rule}]", text)
        for pattern in self._own:
            text = pattern.sub(_by("configured"), text)
        return text

    def value(self, value: Any) -> Any:
        """The same JSON-shaped value with every text in it redacted, keys included."""
        return _mapped(value, self.text)


def _pattern(form: str, *, is_word: bool) -> str:
    """A form as a pattern: a short value counts as a whole word only."""
    shape = re.escape(form)
    return rf"(?<![A-Za-z0-9_]){shape}(?![A-Za-z0-9_])" if is_word else shape


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
