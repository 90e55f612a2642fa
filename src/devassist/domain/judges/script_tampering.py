"""JavaScript and TypeScript that puts something else in place of assertions, or of what a runner defines."""

from __future__ import annotations

import re
from collections.abc import Iterator

SUFFIXES = (".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", ".mts")
_LIBRARY = r"""['"](?:(?:node:)?(?:assert|test)(?:/strict)?|chai|expect|vitest|mocha|@jest/globals)['"]"""
_RUNNERS_NAMES = (
    "expect|assert|describe|suite|it|test|jest|vi|beforeEach|afterEach|beforeAll|afterAll|before|after"
)
_SET = r"\s{0,9}=(?![=>])"
_REQUIRED = re.compile(rf"require\(\s*{_LIBRARY}\s*\)(?:\.\w+){{1,4}}{_SET}")
_GLOBAL = re.compile(
    rf"\b(?:globalThis|global)(?:\.(?:{_RUNNERS_NAMES})\b|\[\s*['\"](?:{_RUNNERS_NAMES})['\"]\s*\])(?:\.\w+){{0,4}}{_SET}"
)
_BOUND = re.compile(
    rf"\b(?:import\s+(?P<imported>[^;'\"]{{1,300}}?)\s+from\s*{_LIBRARY}"
    rf"|(?:const|let|var)\s+(?P<required>\w+|\{{[^}}]{{0,300}}\}})\s*=\s*require\(\s*{_LIBRARY}\s*\))"
)
_NAME = re.compile(r"(?:\w+\s*(?::|\bas\b)\s*|\*\s*as\s+)?([A-Za-z_$][\w$]*)")


def tampering(source: str) -> Iterator[str]:
    """The places, as text. `expect.extend` and the like, which runners offer, are none."""
    for pattern in (_REQUIRED, _GLOBAL):
        yield from (match.group(0) for match in pattern.finditer(source))
    for name in sorted(_bound(source)):
        word = re.escape(name)
        sets = rf"(?<![\w$.]){word}(?:\.\w+){{1,4}}{_SET}|\bObject\.(?:assign|defineProperty)\(\s*{word}\b"
        yield from (match.group(0) for match in re.finditer(sets, source))


def _bound(source: str) -> set[str]:
    """The names that the file has for an assertion library or a runner, and for parts of it."""
    names: set[str] = set()
    for match in _BOUND.finditer(source):
        parts = re.split(r"[{},]", match["imported"] or match["required"])
        names |= {found[1] for part in parts if (found := _NAME.fullmatch(part.strip()))}
    return names
