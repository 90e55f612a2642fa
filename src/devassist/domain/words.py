"""Numbers with their noun."""

from __future__ import annotations

_PLURALS = {"branch": "branches"}


def counted(count: int, noun: str) -> str:
    """`1 conflict`, `2 conflicts`."""
    if count == 1:
        return f"1 {noun}"
    head, _, last = noun.rpartition(" ")
    return f"{count} {f'{head} ' if head else ''}{_PLURALS.get(last, f'{last}s')}"
