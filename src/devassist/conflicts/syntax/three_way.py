"""Merges the text of a file that both sides changed in different places. Pure but for libgit2's diff."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from devassist.git.differences import Hunk, myers_hunks

_Edit = tuple[int, int, tuple[bytes, ...]]
"""Lines of the base from one to another, and what stands there instead."""


def merged_text(base: bytes, ours: bytes, other: bytes) -> bytes | None:
    """The result of git's merge of three texts; None if changes touch and differ."""
    if b"\0" in base or b"\0" in ours or b"\0" in other:
        return None
    edits = sorted({*_edits(base, ours), *_edits(base, other)})
    # Git wants a line between two changes that are not the same.
    if any(left[1] >= right[0] for left, right in pairwise(edits)):
        return None
    lines = _lines(base)
    merged: list[bytes] = []
    at = 0
    for start, end, text in edits:
        merged += lines[at:start]
        merged += text
        at = end
    return b"".join([*merged, *lines[at:]])


def _edits(base: bytes, side: bytes) -> list[_Edit]:
    lines = _lines(side)
    return [_edit(hunk, lines) for hunk in myers_hunks(base, side)]


def _edit(hunk: Hunk, lines: Sequence[bytes]) -> _Edit:
    return hunk.old, hunk.old + hunk.old_count, tuple(lines[hunk.new : hunk.new + hunk.new_count])


def _lines(text: bytes) -> list[bytes]:
    """Lines as git counts them: a carriage return ends none."""
    return [line + b"\n" for line in text.split(b"\n")[:-1]] + [text.rpartition(b"\n")[2]]
