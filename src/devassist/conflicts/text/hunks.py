"""Finds the lines of a file that each side changed, and changes of two sides that are too close to merge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from devassist.conflicts.text.histogram import histogram_hunks
from devassist.git.differences import Hunk, find_text, myers_hunks
from devassist.git.repository import Repository

LARGEST = 2_000_000
"""Bytes; the referee alone decides on larger files."""
_KEPT = 4096


@dataclass(slots=True)
class HunkIndex:
    """The hunks from one blob to another, found once for each pair of blobs."""

    repository: Repository
    _hunks: dict[tuple[str, str], tuple[Hunk, ...] | None] = field(default_factory=dict)
    _lines: dict[str, list[bytes] | None] = field(default_factory=dict)
    _counts: dict[str, Counter[bytes]] = field(default_factory=dict)
    _touching: dict[tuple[str, str, str], bool] = field(default_factory=dict)

    def between(self, old: str, new: str) -> tuple[Hunk, ...] | None:
        """
        Hunks that cover what git's merge takes for changed; None where only git can tell.

        Where more than one alignment is possible those of Myers and of the histogram diff are both in it.
        """
        key = (old, new)
        if key not in self._hunks:
            self._hunks[key] = self._computed(old, new)
        return self._hunks[key]

    def touch(self, base: str, ours: str, theirs: str) -> bool:
        """False only when git merges the two without conflict for certain."""
        key = (base, ours, theirs)
        if key not in self._touching:
            mine, others = self.between(base, ours), self.between(base, theirs)
            self._touching[key] = mine is None or others is None or touching(mine, others)
        return self._touching[key]

    def lines(self, oid: str) -> list[bytes] | None:
        """The lines of a text, None for anything else."""
        if oid not in self._lines:
            if len(self._lines) >= _KEPT:
                self._lines.clear()
                self._counts.clear()
            text = find_text(self.repository, oid, largest=LARGEST)
            self._lines[oid] = None if text is None else _split(text)
        return self._lines[oid]

    def _computed(self, old: str, new: str) -> tuple[Hunk, ...] | None:
        before, after = self.lines(old), self.lines(new)
        if before is None or after is None:
            return None
        hunks = myers_hunks(_joined(before), _joined(after))
        if self._is_certain(old, before, after, hunks):
            return hunks
        numbers: dict[bytes, int] = {}
        exact = histogram_hunks(
            [numbers.setdefault(line, len(numbers)) for line in before],
            [numbers.setdefault(line, len(numbers)) for line in after],
        )
        return None if exact is None else tuple(sorted({*hunks, *exact}))

    def _is_certain(
        self, old: str, before: Sequence[bytes], after: Sequence[bytes], hunks: Sequence[Hunk]
    ) -> bool:
        """
        Whether this is the only alignment that the histogram diff can produce.

        It is when no removed line is anywhere in the new text, no added one anywhere in the old, and each run
        of lines kept between two hunks has a line that the old text has once: that line can only meet itself.
        """
        counts = self._counts.get(old)
        if counts is None:
            counts = self._counts[old] = Counter(before)
        end, present = 0, None
        for number, hunk in enumerate(hunks):
            if number and not any(counts[line] == 1 for line in before[end : hunk.old]):
                return False
            if any(line in counts for line in after[hunk.new : hunk.new + hunk.new_count]):
                return False
            if hunk.old_count:
                present = set(after) if present is None else present
                if not present.isdisjoint(before[hunk.old : hunk.old + hunk.old_count]):
                    return False
            end = hunk.old + hunk.old_count
        return (
            _has_anchor(counts, before[: hunks[0].old]) and _has_anchor(counts, before[end:])
            if hunks
            else True
        )


def _has_anchor(counts: Counter[bytes], lines: Sequence[bytes]) -> bool:
    return not lines or any(counts[line] == 1 for line in lines)


def touching(mine: Sequence[Hunk], others: Sequence[Hunk]) -> bool:
    """Whether changes can conflict. By xdiff's rule they cannot with at least one line between them."""
    index = other_index = 0
    while index < len(mine) and other_index < len(others):
        left, right = mine[index], others[other_index]
        if left.old + left.old_count < right.old:
            index += 1
        elif right.old + right.old_count < left.old:
            other_index += 1
        else:
            return True
    return False


def meeting(mine: Sequence[Hunk], others: Sequence[Hunk]) -> tuple[list[Hunk], list[Hunk]]:
    """The hunks of each side that touch one of the other."""
    pairs = [
        (left, right)
        for left in mine
        for right in others
        if left.old <= right.old + right.old_count and right.old <= left.old + left.old_count
    ]
    return list(dict.fromkeys(left for left, _ in pairs)), list(dict.fromkeys(right for _, right in pairs))


def _split(text: bytes) -> list[bytes]:
    lines = [line + b"\n" for line in text.split(b"\n")]
    if lines[-1] == b"\n":
        lines.pop()
    else:
        # No other line can have a line feed inside: an unfinished last line equals no finished one.
        lines[-1] += b"\\"
    return lines


def _joined(lines: Sequence[bytes]) -> bytes:
    return b"".join(lines).removesuffix(b"\n\\")
