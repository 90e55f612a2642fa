"""What earlier agents have read and the next one needs, as excerpts under a budget. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from devassist.domain.changes import in_scope
from devassist.engine.log.evidence_index import FileRead

BUDGET = 10_000
"""Characters of all excerpts together."""
_LONGEST = 160
"""Lines of one excerpt: what was read whole to find something is not needed whole again."""
_GAP = 8
"""Lines between two excerpts that are one."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Lines `first` to `last` of a file, counted from 1, both included."""

    path: str
    first: int
    last: int


def excerpts(
    reads: Sequence[FileRead],
    content: Callable[[str], str | None],
    *,
    used: Collection[str] = (),
    words: str = "",
    scope: Sequence[str] = (),
    budget: int = BUDGET,
) -> str:
    """
    The excerpts as text, the most useful first; empty if nothing was read.

    Those of `used` files come first (changed, or cited), then files that `words` names or that `scope` holds, then what
    was read last. `content` is a file's text as it is now, None if it is gone.
    """

    def rank(path: str) -> tuple[int, int]:
        newest = max(at for at, read in enumerate(reads) if read.path == path)
        named = path in words or (bool(scope) and in_scope(path, list(scope)))
        return (0 if path in used else 1 if named else 2, -newest)

    parts: list[str] = []
    room = budget
    for path in sorted({read.path for read in reads}, key=rank):
        text = content(path)
        if text is None:
            continue
        lines = text.split("\n")
        for excerpt in joined([read for read in reads if read.path == path], count=len(lines)):
            shown = _shown(excerpt, lines)
            if len(shown) > room:
                continue
            parts.append(shown)
            room -= len(shown)
    if not parts:
        return ""
    return "What agents before you have read, as it stands in your worktree:\n" + "\n".join(parts)


def joined(reads: Sequence[FileRead], *, count: int) -> list[Excerpt]:
    """The reads of one file of `count` lines, overlapping and neighbouring ones as one, in order."""
    ranges = sorted((max(read.first, 1), min(read.last or count, count)) for read in reads)
    merged: list[Excerpt] = []
    for first, last in ranges:
        if last < first:
            continue
        excerpt = Excerpt(reads[0].path, first, last)
        if merged and first <= merged[-1].last + _GAP:
            previous = merged.pop()
            excerpt = Excerpt(excerpt.path, previous.first, max(previous.last, last))
        merged.append(excerpt)
    return merged


def _shown(excerpt: Excerpt, lines: Sequence[str]) -> str:
    last = min(excerpt.last, excerpt.first + _LONGEST - 1)
    numbered = [f"{number:>5}  {lines[number - 1]}" for number in range(excerpt.first, last + 1)]
    return f"{excerpt.path}, lines {excerpt.first}-{last} of {len(lines)}:\n" + "\n".join(numbered)
