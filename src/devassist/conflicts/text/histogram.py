"""
The histogram diff of git's xdiff, line for line: which lines a merge takes for changed.

libgit2 has Myers only, and where lines repeat or move the two differ; then so would the verdict of a merge.
Lines are numbers here, equal for equal lines. Where xdiff would fall back to Myers the answer is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from devassist.git.differences import Hunk

_LONGEST_CHAIN = 64
Lines = Sequence[int]


def histogram_hunks(old: Lines, new: Lines) -> tuple[Hunk, ...] | None:
    """The hunks of git's histogram diff, slid to where git puts them."""
    gone, fresh = bytearray(len(old) + 1), bytearray(len(new) + 1)
    todo = [(0, len(old), 0, len(new))]
    while todo:
        start, end, other, other_end = todo.pop()
        if start == end or other == other_end:
            gone[start:end] = b"\1" * (end - start)
            fresh[other:other_end] = b"\1" * (other_end - other)
            continue
        search = _Search(old, new, start, end, other, other_end)
        if not search.run():
            return None
        if search.length == 0:
            gone[start:end] = b"\1" * (end - start)
            fresh[other:other_end] = b"\1" * (other_end - other)
            continue
        todo.append((start, search.old, other, search.new))
        todo.append((search.old + search.length, end, search.new + search.length, other_end))
    _compact(old, gone, fresh)
    _compact(new, fresh, gone)
    return tuple(_script(gone, fresh))


@dataclass(slots=True)
class _Search:
    """The common region of two ranges whose rarest line is the rarest (xhistogram.c, find_lcs and try_lcs)."""

    a: Lines
    b: Lines
    start: int
    end: int
    other: int
    other_end: int
    old: int = 0
    new: int = 0
    length: int = 0
    rarity: int = _LONGEST_CHAIN + 1
    common: bool = False

    def run(self) -> bool:
        """Find the match with the rarest lines; False if git would use another algorithm."""
        places: dict[int, list[int]] = {}
        for at in range(self.start, self.end):
            line = self.a[at]
            if line in places:
                places[line].append(at)
            else:
                places[line] = [at]
        at = self.other
        while at < self.other_end:
            positions = places.get(self.b[at])
            if positions is None:
                at += 1
                continue
            self.common = True
            at = self._try(at, positions, places) if len(positions) <= self.rarity else at + 1
        return not (self.common and self.rarity > _LONGEST_CHAIN)

    def _try(self, at: int, positions: list[int], places: dict[int, list[int]]) -> int:
        """Extend each match of line `at`; where to go on."""
        a, b = self.a, self.b
        following, done = at + 1, -1
        for place in positions:
            if place <= done:
                continue
            rarity = len(positions)
            first, top = place, at
            while self.start < first and self.other < top and a[first - 1] == b[top - 1]:
                first -= 1
                top -= 1
                if rarity > 1:
                    rarity = min(rarity, len(places[a[first]]))
            last, bottom = place, at
            while last + 1 < self.end and bottom + 1 < self.other_end and a[last + 1] == b[bottom + 1]:
                last += 1
                bottom += 1
                if rarity > 1:
                    rarity = min(rarity, len(places[a[last]]))
            following = max(following, bottom + 1)
            # xdiff compares the distance of the ends, which for a first single line is no more than none.
            if max(self.length - 1, 0) < last - first or rarity < self.rarity:
                self.old, self.new, self.length = first, top, last - first + 1
                self.rarity = rarity
            done = last
        return following


def _compact(lines: Lines, changed: bytearray, other: bytearray) -> None:
    """Slide each group of changed lines down, or to where it meets a group of the other side (xdiffi.c)."""
    group, across = _Group(lines, changed), _Group((), other)
    while True:
        if group.start != group.end:
            _settle(group, across)
        if not group.next():
            return
        across.next()


def _settle(group: _Group, across: _Group) -> None:
    while True:
        size, matching = group.end - group.start, -1
        while group.slide_up():
            across.previous()
        earliest = group.end
        if across.start < across.end:
            matching = group.end
        while group.slide_down():
            across.next()
            if across.start < across.end:
                matching = group.end
        if size == group.end - group.start:
            break
    if group.end != earliest and matching != -1:
        while across.start == across.end:
            group.slide_up()
            across.previous()


class _Group:
    """A run of changed lines, perhaps empty, and the unchanged line after it."""

    def __init__(self, lines: Lines, changed: bytearray) -> None:
        self.lines, self.changed = lines, changed
        self.count = len(changed) - 1
        self.start = self.end = 0
        while changed[self.end]:
            self.end += 1

    def next(self) -> bool:
        if self.end == self.count:
            return False
        self.start = self.end = self.end + 1
        while self.changed[self.end]:
            self.end += 1
        return True

    def previous(self) -> None:
        self.end = self.start = self.start - 1
        while self.start > 0 and self.changed[self.start - 1]:
            self.start -= 1

    def slide_down(self) -> bool:
        if self.end == self.count or self.lines[self.start] != self.lines[self.end]:
            return False
        self.changed[self.start], self.changed[self.end] = 0, 1
        self.start += 1
        self.end += 1
        while self.changed[self.end]:
            self.end += 1
        return True

    def slide_up(self) -> bool:
        if self.start == 0 or self.lines[self.start - 1] != self.lines[self.end - 1]:
            return False
        self.start -= 1
        self.end -= 1
        self.changed[self.start], self.changed[self.end] = 1, 0
        while self.start > 0 and self.changed[self.start - 1]:
            self.start -= 1
        return True


def _script(gone: bytearray, fresh: bytearray) -> list[Hunk]:
    hunks: list[Hunk] = []
    old = new = 0
    while old < len(gone) - 1 or new < len(fresh) - 1:
        if not gone[old] and not fresh[new]:
            old += 1
            new += 1
            continue
        start, begin = old, new
        while gone[old]:
            old += 1
        while fresh[new]:
            new += 1
        hunks.append(Hunk(start, old - start, begin, new - begin))
    return hunks
