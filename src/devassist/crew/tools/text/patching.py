"""Applies the hunks of a patch to a file's content, with offsets and fuzz as patch(1) has them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from devassist.crew.tools.text.patches import BadPatch, Hunk
from devassist.crew.tools.text.texts import BOM, is_utf8

_MOST_FUZZ: Final = 2
_MOST_LISTED: Final = 8
_MOST_SHOWN: Final = 12


@dataclass(frozen=True, slots=True)
class Patched:
    """The new content, and what to say of hunks that did not fit exactly where they were meant to."""

    content: bytes
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Fit:
    """Where a hunk goes: at line `at` (from 0), without `top` and `bottom` lines of context at its ends."""

    at: int
    top: int = 0
    bottom: int = 0
    note: str = ""


def patched(content: bytes, hunks: Sequence[Hunk], *, path: str) -> Patched:
    r"""
    `content` with all of `hunks`. Raises BadPatch if one of them fits nowhere, or in several places alike.

    Lines of context stay as they are in the file. New lines get `\r\n` if most lines of the file have it, unless the
    hunk itself has line ends of that kind: then each line has the end that the hunk gives it.
    """
    if not is_utf8(content) and not all(text.isascii() for hunk in hunks for text in hunk.new):
        raise BadPatch(f"{path} is not UTF-8, so only ASCII text can be put into it")
    mark = BOM if content.startswith(BOM) else b""
    file = _File.of(content[len(mark) :])
    notes, done, shift = list[str](), 0, 0
    for number, hunk in enumerate(hunks, start=1):
        try:
            fit = _place(file, hunk, done, shift)
        except BadPatch as error:
            raise BadPatch(f"{path}: hunk {number} {error}") from None
        if fit.note:
            notes.append(f"hunk {number} {fit.note}")
        if hunk.start and not hunk.anchors:
            shift = fit.at - fit.top - (hunk.start - 1)
        grown = file.replace(fit, hunk)
        done = fit.at + grown
        shift += len(hunk.new) - len(hunk.old)
    return Patched(mark + file.content(), tuple(notes))


@dataclass
class _File:
    """The lines of a file, each with its end."""

    lines: list[bytes]
    ends: list[bytes]
    end: bytes

    @classmethod
    def of(cls, raw: bytes) -> _File:
        pieces = raw.split(b"\n")
        last = pieces.pop()
        lines = [piece.removesuffix(b"\r") for piece in pieces]
        ends = [b"\r\n" if piece.endswith(b"\r") else b"\n" for piece in pieces]
        if last:
            lines.append(last)
            ends.append(b"")
        return cls(lines, ends, b"\r\n" if 2 * ends.count(b"\r\n") > len(ends) else b"\n")

    def content(self) -> bytes:
        return b"".join(line + end for line, end in zip(self.lines, self.ends, strict=True))

    def replace(self, fit: _Fit, hunk: Hunk) -> int:
        """Put the new side of `hunk` in the place of its old side; the number of lines that it has there now."""
        signed = hunk.lines[fit.top : len(hunk.lines) - fit.bottom]
        literal = any(text.endswith("\r") for _, text in hunk.lines)
        lines, ends, at = list[bytes](), list[bytes](), fit.at
        for sign, text in signed:
            if sign == "+":
                lines.append(_encoded(text))
                ends.append((b"\r\n" if text.endswith("\r") else b"\n") if literal else self.end)
                continue
            if sign == " ":
                lines.append(self.lines[at])
                ends.append(self.ends[at])
            at += 1
        reaches_end = at == len(self.lines)
        was_open = bool(self.ends) and self.ends[-1] == b""
        self.lines[fit.at : at], self.ends[fit.at : at] = lines, ends
        if reaches_end and self.ends:
            # Without a word about it in the patch, the end of the file stays as it was.
            is_open = hunk.new_open or (was_open and not hunk.old_open)
            self.ends[-1] = b"" if is_open else self.ends[-1] or self.end
        for number in range(len(self.ends) - 1):
            self.ends[number] = self.ends[number] or self.end
        return len(lines)


def _encoded(text: str) -> bytes:
    return text.removesuffix("\r").encode("utf-8", "surrogatepass")


# Where a hunk goes ---------------------------------------------------------------------------------------------


def _place(file: _File, hunk: Hunk, done: int, shift: int) -> _Fit:
    """The place at or after line `done` (from 0). Raises BadPatch."""
    old = [_encoded(text) for text in hunk.old]
    first = _anchored(file.lines, hunk.anchors, done)  # which may also be the first line of context
    wanted = max(first, hunk.start - 1 + shift) if hunk.start and not hunk.anchors else None
    if not old:
        if wanted is None:
            return _Fit(first + 1 if hunk.anchors else len(file.lines))
        return _Fit(min(wanted, len(file.lines)))
    for form, how in ((_as_it_is, ""), (bytes.rstrip, "white space at line ends ignored")):
        for fuzz in range(_MOST_FUZZ + 1 if not how else 1):
            top, bottom = _fuzz(hunk, fuzz)
            if fuzz and (top, bottom) == _fuzz(hunk, fuzz - 1):
                continue
            needle = old[top : len(old) - bottom]
            places = list(_places(file.lines, needle, first, form)) if needle else []
            if hunk.at_end and places:
                places = [place for place in places if place + len(needle) == len(file.lines)] or places
            if places:
                note = how or (f"with fuzz {fuzz}" if fuzz else "")
                return _chosen(places, hunk, wanted, _Fit(0, top, bottom, note))
    raise BadPatch(f"does not fit: these lines are not in the file{_after(done)}:\n" + _shown(hunk.old))


def _chosen(places: Sequence[int], hunk: Hunk, wanted: int | None, fit: _Fit) -> _Fit:
    if wanted is None:
        if len(places) > 1 and not hunk.anchors and not hunk.at_end:
            lines = ", ".join(str(place + 1) for place in places[:_MOST_LISTED])
            raise BadPatch(
                f"fits in {len(places)} places (lines {lines}): give more context, or an `@@ line before it`:\n"
                + _shown(hunk.old)
            )
        return _Fit(places[0], fit.top, fit.bottom, fit.note)
    meant = wanted + fit.top
    place = min(places, key=lambda place: (abs(place - meant), place))
    offset = place - meant
    words = [f"at line {place - fit.top + 1} (offset {offset:+d})"] if offset else []
    return _Fit(place, fit.top, fit.bottom, " ".join([*words, fit.note]).strip())


def _fuzz(hunk: Hunk, fuzz: int) -> tuple[int, int]:
    """How many lines of context to leave out at the top and the bottom: `fuzz`, but never a changed line."""
    signs = [sign for sign, _ in hunk.lines]
    top = next((number for number, sign in enumerate(signs) if sign != " "), len(signs))
    bottom = next((number for number, sign in enumerate(reversed(signs)) if sign != " "), len(signs))
    if top + bottom > len(signs):
        return 0, 0  # nothing but context
    return min(fuzz, top), min(fuzz, bottom)


def _anchored(lines: Sequence[bytes], anchors: Sequence[str], done: int) -> int:
    """The line that the last of the `@@` lines names."""
    at = done
    for anchor in anchors:
        wanted = _encoded(anchor).strip()
        equal = (number for number in range(at, len(lines)) if lines[number].strip() == wanted)
        containing = (number for number in range(at, len(lines)) if wanted in lines[number])
        place = next(equal, next(containing, None))
        if place is None:
            raise BadPatch(f"names a line that is not in the file{_after(done)}: {anchor}")
        at = place + 1
    return at - 1 if anchors else done


def _after(done: int) -> str:
    return f" after line {done}" if done else ""


def _places(
    lines: Sequence[bytes], needle: Sequence[bytes], first: int, form: Callable[[bytes], bytes]
) -> Iterator[int]:
    """Where `needle` is in `lines`, from line `first` on, both in a form that makes like lines equal."""
    # As one text: on repetitive files, a comparison of lines one by one takes minutes.
    text = b"".join(b"\n" + form(line) for line in lines[first:]) + b"\n"
    wanted = b"".join(b"\n" + form(line) for line in needle) + b"\n"
    at, number, counted = text.find(wanted), first, 0
    while at >= 0:
        number += text.count(b"\n", counted, at)
        counted = at
        yield number
        at = text.find(wanted, at + 1)


def _as_it_is(line: bytes) -> bytes:
    return line


def _shown(lines: Sequence[str]) -> str:
    shown = [f"  {line[:200]}" for line in lines[:_MOST_SHOWN]]
    return "\n".join([*shown, *(["  ..."] if len(lines) > _MOST_SHOWN else [])])
