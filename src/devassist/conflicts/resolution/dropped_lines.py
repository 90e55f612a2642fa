"""Which lines that a side added are not in a resolution. Moved and re-indented lines survive. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from devassist.domain.resolutions import DroppedLine

_SHOWN = 8
_TELLING = 8
"""Characters from which a line is not in another one by chance."""


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


def undeclared(dropped: Sequence[DroppedLine], declared: Sequence[str]) -> list[DroppedLine]:
    """Dropped lines that no declaration quotes: as a line of its own or, where long enough to be meant, within one."""
    said = [" ".join(line.split()) for one in declared for line in one.splitlines()]
    return [line for line in dropped if not _quoted(" ".join(line.text.split()), said)]


def _quoted(text: str, said: Sequence[str]) -> bool:
    return text in said or (len(text) >= _TELLING and any(text in one for one in said))


def silence(lines: Sequence[DroppedLine]) -> str:
    """What is said to an agent that dropped these lines without a word."""
    shown = "; ".join(f"{one.path}:{one.line} of {one.branch}: {one.text.strip()}" for one in lines[:_SHOWN])
    more = f" and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    return f"these lines are gone and not listed, word for word, in dropped: {shown}{more}"
