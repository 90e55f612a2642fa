"""Token counts made sound in what OpenAI-shaped providers send."""

from __future__ import annotations

import json
from typing import SupportsInt


def with_sound_usage(body: bytes) -> bytes:
    """The body with token counts that are integers of at least 0; unchanged if they are already, or it is not JSON."""
    try:
        reply = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if not isinstance(reply, dict) or "usage" not in reply:
        return body
    usage = reply["usage"]
    counts = usage if isinstance(usage, dict) else {}
    prompt, answer = (count(counts.get(name)) for name in ("prompt_tokens", "completion_tokens"))
    sound = {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}
    if usage is counts and all(
        type(counts.get(name, 0)) is int and counts.get(name, 0) >= 0 for name in sound
    ):
        return body
    # The details go with the broken counts they detail.
    return json.dumps({**reply, "usage": sound}).encode()


def count(value: object) -> int:
    """A token count from what a provider sent, never negative; 0 if it is not a number."""
    if isinstance(value, bool) or not isinstance(value, str | SupportsInt):
        return 0
    try:
        return max(0, int(value))
    except (TypeError, ValueError, OverflowError):
        return 0
