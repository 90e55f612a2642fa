"""One model call as the agents see it: attempts with backoff, then fallback models, all journalled."""

from __future__ import annotations

import random as chance
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from devassist.domain.errors import Interrupted, ModelError
from devassist.ports import ModelClient, ModelReply, ModelRequest

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 30.0
LONGEST_RETRY_AFTER_S = 120.0
"""A provider that asks for a longer wait counts as exhausted: the next model is called instead."""


class AttemptJournal(Protocol):
    """Records each attempt before it is sent and after it ended, so that no call goes unrecorded."""

    def before(self, request: ModelRequest, model: str, attempt: int) -> object:
        """Record the intent; returns a token for `after`. Raises LimitReached to forbid the call."""

    def after(
        self, token: object, reply: ModelReply | None, error: ModelError | None, latency_ms: float
    ) -> None:
        """Record the outcome: exactly one of `reply` and `error` is given."""


def _uncancelled(seconds: float) -> bool:
    """Wait to the end, which is enough in a process that a signal kills while it waits."""
    time.sleep(seconds)
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPolicy:
    """
    Calls `models` in order until one replies.

    `sleep` waits that many seconds and returns True when it was cancelled; `random` is uniform in [0, 1).
    """

    client: ModelClient
    models: Sequence[str]
    journal: AttemptJournal
    max_retries: int
    sleep: Callable[[float], bool] = _uncancelled
    random: Callable[[], float] = chance.random
    clock: Callable[[], float] = time.monotonic

    def complete(self, request: ModelRequest) -> ModelReply:
        """
        The first reply. Raises the first model's ModelError if every model failed: the person chose that model, so
        its error is the one to act on.
        """
        if not self.models:
            raise ModelError("no model is configured for this call", kind="config")
        first: ModelError | None = None
        for model in dict.fromkeys(self.models):
            try:
                return self._ask(replace(request, model=model))
            except ModelError as error:
                first = first or error
        assert first is not None  # noqa: S101 - the loop ran at least once and every turn returned or raised
        raise first

    def _ask(self, request: ModelRequest) -> ModelReply:
        """One model, with its retries."""
        attempt, adjusted = 1, 0
        while True:
            try:
                return self._attempt(request, attempt)
            except ModelError as error:
                if error.kind == "adjusted":
                    adjusted += 1
                    attempt += 1
                    continue  # at once, and once for each adjustment: the client has learnt how to send it
                retry_after_s = error.retry_after_s
                exhausted = retry_after_s is not None and retry_after_s > LONGEST_RETRY_AFTER_S
                if not error.retryable or exhausted or self.max_retries < attempt - adjusted:
                    raise
                delay = self._delay(attempt - adjusted, retry_after_s)
            if self.sleep(delay):
                raise Interrupted("the run was stopped while waiting to ask the model again")
            attempt += 1

    def _attempt(self, request: ModelRequest, attempt: int) -> ModelReply:
        token = self.journal.before(request, request.model, attempt)
        started = self.clock()
        try:
            reply = self.client.attempt(request)
        except ModelError as error:
            self.journal.after(token, None, error, (self.clock() - started) * 1000)
            raise
        self.journal.after(token, reply, None, (self.clock() - started) * 1000)
        return reply

    def _delay(self, attempt: int, retry_after_s: float | None) -> float:
        # The exponent is bounded because 2.0 ** 1100 overflows; the delay stopped growing long before.
        backoff = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(attempt - 1, 16))
        jitter = backoff * 0.25 * self.random()
        if retry_after_s is not None:
            # Never earlier than the provider asks; spread, because all crews got the same answer.
            return max(0.0, retry_after_s) + jitter
        return min(LONGEST_DELAY_S, backoff + jitter)
