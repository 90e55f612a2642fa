"""Which lines that a side added are not in a resolution. Moved and re-indented lines survive. Pure."""

from __future__ import annotations

from collections import Counter

from devassist.domain.resolutions import DroppedLine


def dropped_lines(branch: str, path: str, *, base: str, side: str, resolved: str) -> list[DroppedLine]:
    """The lines of `side` that neither the base nor the resolution has, in their order; blank ones do not count."""
    kept = Counter(map(str.strip, resolved.splitlines()))
    before = Counter(map(str.strip, base.splitlines()))
    mine = Counter(map(str.strip, side.splitlines()))
    # Of a line that the side has more often than the base, so many copies may be missing as it added.
    missing = {line: min(count - before[line], count - kept[line]) for line, count in mine.items() if line}
    found: list[DroppedLine] = []
    seen = Counter(before)
    for number, text in enumerate(side.splitlines(), start=1):
        line = text.strip()
        if seen[line] > 0:
            # The base's own copies come first: which of equal lines was added cannot be told.
            seen[line] -= 1
        elif missing.get(line, 0) > 0:
            missing[line] -= 1
            shown = text.encode("utf-8", "replace").decode()
            found.append(DroppedLine(branch=branch, path=path, line=number, text=shown))
    return found
