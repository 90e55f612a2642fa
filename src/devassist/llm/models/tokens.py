"""Numbers of tokens, as providers and servers write them."""

from __future__ import annotations

from typing import SupportsInt


def count(value: object) -> int:
    """A token count from what a provider sent, never negative; 0 if it is not a number."""
    if isinstance(value, bool) or not isinstance(value, str | SupportsInt):
        return 0
    try:
        return max(0, int(value))
    except (TypeError, ValueError, OverflowError):
        return 0
