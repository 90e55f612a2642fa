"""Lines that a side added and a resolution does not have. Moved and re-indented lines survive. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from devassist.domain.resolutions import DroppedLine

_SHOWN = 8
_TELLING = 8
"""Characters; a shorter line may be part of another one by chance."""


def dropped_lines(branch: str, path: str, *, base: str, side: str, resolved: str) -> list[DroppedLine]:
    """The lines of `side` that neither the base nor the resolution has, in order, without blank lines."""
    surviving = Counter(map(str.strip, resolved.splitlines()))
    before = Counter(map(str.strip, base.splitlines()))
    own = Counter(map(str.strip, side.splitlines()))
    # Of a line that the side repeats, at most as many copies are missing as it added.
    missing = {
        line: min(count - before[line], count - surviving[line]) for line, count in own.items() if line
    }
    dropped: list[DroppedLine] = []
    seen = Counter(before)
    for number, text in enumerate(side.splitlines(), start=1):
        line = text.strip()
        if seen[line] > 0:
            # Which of equal lines the side added is unknown: the first ones count as the base's.
            seen[line] -= 1
        elif missing.get(line, 0) > 0:
            missing[line] -= 1
            shown = text.encode("utf-8", "replace").decode()
            dropped.append(DroppedLine(branch=branch, path=path, line=number, text=shown))
    return dropped


def undeclared(dropped: Sequence[DroppedLine], declared: Sequence[str]) -> list[DroppedLine]:
    """The dropped lines that no declaration quotes, neither as a line of its own nor (if long enough) within one."""
    quoted = [" ".join(line.split()) for declaration in declared for line in declaration.splitlines()]
    return [line for line in dropped if not _is_quoted(" ".join(line.text.split()), quoted)]


def _is_quoted(text: str, quoted: Sequence[str]) -> bool:
    return text in quoted or (len(text) >= _TELLING and any(text in line for line in quoted))


def undeclared_message(lines: Sequence[DroppedLine]) -> str:
    """The message to an agent that dropped these lines without declaring them."""
    shown = "; ".join(
        f"{line.path}:{line.line} of {line.branch}: {line.text.strip()}" for line in lines[:_SHOWN]
    )
    more = f" and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    return f"these lines are gone and not listed, word for word, in dropped: {shown}{more}"
