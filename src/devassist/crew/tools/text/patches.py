"""A patch as values: which files it changes, and each place in them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class BadPatch(Exception):
    """A text that is no patch, or asks for what a patch may not do; the text is for the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunk:
    """
    One place to change. `lines` are pairs of a sign (` `, `-` or `+`) and a text without its end.

    `start` is the line of the old file that it should begin at, 0 if nothing says; `anchors` are lines that come
    before it. `old_open` and `new_open` say that the last line of that side has no line end.
    """

    lines: tuple[tuple[str, str], ...]
    start: int = 0
    anchors: tuple[str, ...] = ()
    at_end: bool = False
    old_open: bool = False
    new_open: bool = False

    @property
    def old(self) -> Sequence[str]:
        return [text for sign, text in self.lines if sign != "+"]

    @property
    def new(self) -> Sequence[str]:
        return [text for sign, text in self.lines if sign != "-"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePatch:
    """What becomes of a file. No `path`: it is created; no `new_path`: it is deleted; two that differ: it is moved."""

    path: str
    new_path: str
    hunks: tuple[Hunk, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(path for path in (self.path, self.new_path) if path))
