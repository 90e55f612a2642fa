"""Line numbers in texts, and source without its comments."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

_HEADER = re.compile(r"^\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_C_TOKEN = re.compile(
    r"""(?P<keep>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|(?P<drop>//[^\n]*|/\*.*?(?:\*/|\Z))""",
    re.DOTALL,
)
_BRACKET = re.compile(_C_TOKEN.pattern + r"|(?P<bracket>[()\[\]{}])", re.DOTALL)


@dataclass(slots=True)
class Lines:
    """Offsets of a text as line numbers from 1."""

    text: str
    _starts: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self._starts = [0, *(match.end() for match in re.finditer(r"\n", self.text))]

    def at(self, offset: int) -> int:
        return bisect_right(self._starts, offset)


@dataclass(frozen=True, slots=True)
class TomlLine:
    table: str
    key: str
    number: int
    text: str


def toml_lines(text: str) -> Iterator[TomlLine]:
    """Each line with its table and the last key that began at the start of a line."""
    table = key = ""
    for number, line in enumerate(text.split("\n"), 1):
        header = _HEADER.match(line)
        if header is not None and "=" not in line.split("#")[0]:
            table, key = _plain(header[1]), ""
        else:
            begun = re.match(r"""\s*("[^"]*"|'[^']*'|[\w.-]+(?:\s*\.\s*[\w-]+)*)\s*=""", line)
            key = _plain(begun[1]) if begun else key
        yield TomlLine(table, key, number, line)


def toml_line(lines: list[TomlLine], dotted: str, literal: str = "") -> int:
    """The line of key `dotted` (table and key joined by dots), or of `literal` in its value; 1 when unknown."""
    inside = [line for line in lines if _covers(f"{line.table}.{line.key}".strip("."), dotted)]
    quoted = [line for line in inside if f'"{literal}"' in line.text or f"'{literal}'" in line.text]
    chosen = quoted if literal and quoted else inside
    return chosen[0].number if chosen else 1


def _covers(stated: str, wanted: str) -> bool:
    return stated == wanted or (wanted.startswith(f"{stated}.") and bool(stated) and "." in stated)


def _plain(key: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in key.split("."))


def json_line(text: str, *keys: str) -> int:
    """The line of the key reached through `keys`, by looking for each after the other; 1 when unknown."""
    at = 0
    for key in keys:
        match = re.compile(rf'"{re.escape(key)}"\s*:').search(text, at)
        if match is None:
            return 1
        at = match.end()
    return text.count("\n", 0, at) + 1


def without_comments(text: str) -> str:
    """C-like source whose comments are blanks: offsets and lines stay."""
    return _C_TOKEN.sub(
        lambda match: match[0] if match["drop"] is None else re.sub(r"[^\n]", " ", match[0]), text
    )


def closing(text: str, opening: int) -> int:
    """The offset of the bracket that closes the one at `opening`; the end of the text when none does."""
    depth = 0
    for token in _BRACKET.finditer(text, opening):
        if token["bracket"]:
            depth += 1 if token["bracket"] in "([{" else -1
            if depth == 0:
                return token.start()
    return len(text)


def arguments(text: str) -> list[str]:
    """The parts of an argument list (without its brackets) between commas of the outermost level."""
    parts, start, at = [], 0, 0
    while at < len(text):
        token = _C_TOKEN.match(text, at)
        if token is not None:
            at = token.end()
        elif text[at] in "([{":
            at = closing(text, at) + 1
        else:
            if text[at] == ",":
                parts.append(text[start:at].strip())
                start = at + 1
            at += 1
    return [*parts, text[start:].strip()] if text[start:].strip() else parts


def quoted(text: str) -> str | None:
    """The content of a plain string literal, None for anything else."""
    match = re.fullmatch(
        r"""\s*(?:"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|`([^`$\\]*)`)\s*""", text, re.DOTALL
    )
    return None if match is None else next(part for part in match.groups() if part is not None)
