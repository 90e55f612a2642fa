"""Replaces pieces of text in a file's bytes, and says where a piece is or might be that does not fit. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from devassist.crew.tools.text.texts import BOM, is_utf8, lines_of

_LIKE: Final = 0.6
_MOST_LISTED: Final = 12
_MOST_SHOWN: Final = 30
_MOST_COMPARED: Final = 200
"""Characters of a line that are compared with its like."""
_WINDOWS: Final = 5


@dataclass(frozen=True, slots=True)
class Edit:
    """One replacement: of `old`, which is unique, or of every `old`."""

    old: str
    new: str
    replace_all: bool = False


class NotReplaced(Exception):
    """A piece of text is not where an edit needs it; the text is for the model."""


def replaced(content: bytes, edits: Sequence[Edit], *, path: str) -> bytes:
    r"""
    `content` after all of `edits`, each on what the ones before it made. Raises NotReplaced: then none counts.

    A line end in an edit matches `\n` and `\r\n` alike, and what is new gets the line ends of what it replaces. The
    BOM and every byte outside of the replacements stay, whatever the file's encoding.
    """
    utf8 = is_utf8(content)
    for number, edit in enumerate(edits):
        name = "old" if len(edits) == 1 else f"edits[{number}].old"
        kept = "" if len(edits) == 1 else "; no edit was made"
        if not utf8 and not edit.new.isascii():
            raise NotReplaced(f"new: {path} is not UTF-8, so only ASCII text can be put into it{kept}")
        try:
            content = _with(content, edit)
        except NotReplaced as error:
            raise NotReplaced(f"{name}: the text {error} {path}{_where(content, edit)}{kept}") from None
    return content


def _with(content: bytes, edit: Edit) -> bytes:
    mark = BOM if content.startswith(BOM) else b""
    raw = content[len(mark) :]
    text, carriage_returns = _normalised(raw)
    old, new = (_bytes(side) for side in (edit.old, edit.new))
    old = old.removeprefix(BOM)
    if old not in text:
        old, new = old.replace(b"\r\n", b"\n"), new.replace(b"\r\n", b"\n")
    if edit.old == edit.new:
        raise NotReplaced("`old` equals `new`, so nothing would change in")
    places = _places(text, old)
    if not places:
        raise NotReplaced("is not in")
    if len(places) > 1 and not edit.replace_all:
        raise NotReplaced(f"occurs {len(places)} times in")
    parts, at = [mark], 0
    for place in places:
        start = place + bisect_left(carriage_returns, place)
        end = place + len(old) + bisect_left(carriage_returns, place + len(old))
        parts += [raw[at:start], _with_ends(new, raw[start:end], raw, crlf=bool(carriage_returns))]
        at = end
    parts.append(raw[at:])
    return b"".join(parts)


def _normalised(raw: bytes) -> tuple[bytes, list[int]]:
    r"""`raw` with `\n` for every `\r\n`, and the places in that text before which a `\r` was taken out."""
    pieces = raw.split(b"\r\n")
    places, at = list[int](), 0
    for piece in pieces[:-1]:
        at += len(piece)
        places.append(at)
        at += 1
    return b"\n".join(pieces), places


def _with_ends(new: bytes, old: bytes, raw: bytes, *, crlf: bool) -> bytes:
    """`new` with the line ends of `old`, or with those that most lines of the file have if `old` has none."""
    if not crlf:
        return new
    sample = old if b"\n" in old else raw
    ends = b"\r\n" if 2 * sample.count(b"\r\n") > sample.count(b"\n") else b"\n"
    return new.replace(b"\r\n", b"\n").replace(b"\n", ends)


def with_line_ends_of(content: bytes, present: bytes) -> bytes:
    r"""`content` with the BOM of `present` and, if it has no `\r\n` itself, with its `\r\n`."""
    if present.startswith(BOM) and not content.startswith(BOM):
        content = BOM + content
    if b"\r\n" not in content and 2 * present.count(b"\r\n") > present.count(b"\n"):
        content = content.replace(b"\n", b"\r\n")
    return content


def _places(text: bytes, old: bytes) -> list[int]:
    places, at = list[int](), text.find(old)
    while at >= 0:
        places.append(at)
        at = text.find(old, at + len(old))
    return places


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


# What to do about it -------------------------------------------------------------------------------------------


def _where(content: bytes, edit: Edit) -> str:
    """The lines of a text that occurs several times, or the lines that are most like one that does not occur."""
    if edit.old == edit.new:
        return ""
    text, _ = _normalised(content.removeprefix(BOM))
    if places := _places(text, _bytes(edit.old).replace(b"\r\n", b"\n")):
        lines = [str(text.count(b"\n", 0, place) + 1) for place in places[:_MOST_LISTED]]
        more = ", ..." if len(places) > _MOST_LISTED else ""
        return f", at lines {', '.join(lines)}{more}: give more of what is around it, or set replace_all"
    foreign = not edit.old.isascii() and not is_utf8(content)
    encoding = " (which is not UTF-8: only ASCII text can be matched)" if foreign else ""
    return f"{encoding}; {_likest(lines_of(content), edit.old.splitlines() or [edit.old])}"


def _likest(lines: Sequence[str], old: Sequence[str]) -> str:
    place = _most_like(lines, old)
    if place is None:
        return "and nothing like it is: read the file again"
    window = lines[place : place + len(old)]
    spaces = "only white space differs; " if _squeezed(window) == _squeezed(old) else ""
    shown = "\n".join(
        f"{number:>5}  {line[:300]}" for number, line in enumerate(window[:_MOST_SHOWN], start=place + 1)
    )
    last = place + len(window)
    return f"{spaces}the nearest is lines {place + 1}-{last}:\n{shown}"


def _squeezed(lines: Sequence[str]) -> list[str]:
    return ["".join(line.split()) for line in lines]


def _most_like(lines: Sequence[str], old: Sequence[str]) -> int | None:
    """The first of as many lines as `old` has that are most like it; None if none is."""
    scored = [(_ratio(lines[start : start + len(old)], old), -start) for start in _starts(lines, old)]
    best = max(scored, default=(0.0, 0))
    return -best[1] if best[0] >= _LIKE else None


def _ratio(window: Sequence[str], old: Sequence[str]) -> float:
    """How alike they are, line by line: 1 if they are equal but for white space at both ends of lines."""
    likes = [_line_ratio(left.strip(), right.strip()) for left, right in zip(window, old, strict=False)]
    return sum(likes) / len(old)


def _line_ratio(left: str, right: str) -> float:
    if left == right:
        return 1.0
    # Only the number of equal characters: an exact comparison takes minutes on repetitive text.
    return SequenceMatcher(None, left[:_MOST_COMPARED], right[:_MOST_COMPARED]).quick_ratio()


def _starts(lines: Sequence[str], old: Sequence[str]) -> list[int]:
    """Where to compare in full: where most lines are equal but for white space, else where a line has most words."""
    wanted = {squeezed for squeezed in _squeezed(old) if squeezed}
    hits = [int(squeezed in wanted) for squeezed in _squeezed(lines)]
    sums, running = list[tuple[int, int]](), 0
    for end, hit in enumerate(hits):
        running += hit - (hits[end - len(old)] if end >= len(old) else 0)
        sums.append((running, -max(0, end - len(old) + 1)))
    best = sorted((pair for pair in sums if pair[0]), reverse=True)[:_WINDOWS]
    if best:
        return [-start for _, start in best]
    offset, longest = max(enumerate(old), key=lambda pair: len(pair[1]))
    words = set(re.findall(r"\w+", longest))
    shared = sorted(
        ((len(words & set(re.findall(r"\w+", line))), -number) for number, line in enumerate(lines)),
        reverse=True,
    )[:_WINDOWS]
    return [max(0, -number - offset) for common, number in shared if common]
