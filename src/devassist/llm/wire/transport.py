"""Token counts made sound in what OpenAI-shaped providers send."""

from __future__ import annotations

import json
import threading

from devassist.llm.models.tokens import count


class _Latest(threading.local):
    """The latest body that this thread has received."""

    tells_tokens = True


_latest = _Latest()


def received(body: bytes) -> bytes:
    """The body of an answer as litellm gets it; `tokens_told` then tells of this one."""
    _latest.tells_tokens = b'"prompt_tokens"' in body
    return with_sound_usage(body)


def tokens_told() -> bool:
    """Whether the latest answer that this thread received tells its tokens: where none are, litellm counts itself."""
    return _latest.tells_tokens


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
