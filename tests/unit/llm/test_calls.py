"""Attempts, waits, fallbacks and their journal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from devassist.domain.errors import Interrupted, LimitReached, ModelError
from devassist.llm.calls import CallPolicy
from devassist.ports import ModelReply, ModelRequest

REQUEST = ModelRequest(model="", messages=[{"role": "user", "content": "x"}])


@dataclass
class Client:
    answer: Callable[[str, int], ModelReply]
    asked: list[str] = field(default_factory=list)

    def attempt(self, request: ModelRequest) -> ModelReply:
        self.asked.append(request.model)
        return self.answer(request.model, self.asked.count(request.model))


@dataclass
class Journal:
    lines: list[str] = field(default_factory=list)
    limit: int = 99

    def before(self, request: ModelRequest, model: str, attempt: int) -> object:
        assert request.model == model
        if len(self.lines) >= self.limit:
            raise LimitReached("enough", limit="max_usd")
        return f"{model}#{attempt}"

    def after(
        self, token: object, reply: ModelReply | None, error: ModelError | None, latency_ms: float
    ) -> None:
        assert (reply is None) != (error is None)
        assert latency_ms >= 0
        self.lines.append(f"{token} {error.kind if error else 'ok'}")


def policy(answer, models=("a",), *, retries=4, random=lambda: 0.0, limit=99, cancelled=lambda: False):
    waits: list[float] = []

    def sleep(seconds: float) -> bool:
        waits.append(seconds)
        return cancelled()

    made = CallPolicy(
        client=Client(answer),
        models=models,
        journal=Journal(limit=limit),
        sleep=sleep,
        max_retries=retries,
        random=random,
    )
    return made, waits


def failing(kind: str, *, retryable: bool, after: float | None = None):
    def answer(model: str, _n: int) -> ModelReply:
        raise ModelError(f"{model} {kind}", kind=kind, retryable=retryable, retry_after_s=after)

    return answer


def test_a_retryable_error_is_tried_again_with_growing_waits() -> None:
    def answer(_model, n):
        if n < 4:
            raise ModelError("later", kind="server", retryable=True)
        return ModelReply(content="here")

    made, waits = policy(answer)
    assert made.complete(REQUEST).content == "here"
    assert waits == [0.5, 1, 2]
    assert made.journal.lines == ["a#1 server", "a#2 server", "a#3 server", "a#4 ok"]


def test_waits_are_capped_and_spread() -> None:
    made, waits = policy(failing("server", retryable=True), retries=12, random=lambda: 0.999)
    with pytest.raises(ModelError):
        made.complete(REQUEST)
    assert len(waits) == 12
    assert max(waits) == 30
    assert 0.5 < waits[0] < 0.63
    assert waits == sorted(waits)


def test_max_retries_are_further_attempts_per_model() -> None:
    for retries in (0, 2):
        made, _ = policy(failing("server", retryable=True), ("a", "b"), retries=retries)
        with pytest.raises(ModelError, match="a server"):
            made.complete(REQUEST)
        assert made.client.asked == ["a"] * (retries + 1) + ["b"] * (retries + 1)


def test_retry_after_is_honoured_up_to_two_minutes() -> None:
    made, waits = policy(failing("rate_limit", retryable=True, after=45.0), retries=1)
    with pytest.raises(ModelError):
        made.complete(REQUEST)
    assert waits == [45.0 + 0]
    made, waits = policy(failing("rate_limit", retryable=True, after=121.0), ("a", "b"))
    with pytest.raises(ModelError, match="a rate_limit"):
        made.complete(REQUEST)
    assert waits == []
    assert made.client.asked == ["a", "b"]


@pytest.mark.parametrize("kind", ["auth", "not_found", "no_tools", "config", "context_window"])
def test_what_a_retry_cannot_mend_goes_to_the_fallback_at_once(kind: str) -> None:
    def answer(model, _n):
        if model == "b":
            return ModelReply(content="b")
        raise ModelError("no", kind=kind)

    made, waits = policy(answer, ("a", "b", "c"))
    assert made.complete(REQUEST).content == "b"
    assert waits == []
    assert made.client.asked == ["a", "b"]


def test_the_first_models_error_is_raised_when_all_fail() -> None:
    made, _ = policy(failing("auth", retryable=False), ("a", "b", "a"))
    with pytest.raises(ModelError, match="a auth"):
        made.complete(REQUEST)
    assert made.client.asked == ["a", "b"]


def test_a_limit_leaves_untouched_and_nothing_is_sent() -> None:
    made, _ = policy(failing("server", retryable=True), ("a", "b"), limit=1)
    with pytest.raises(LimitReached) as caught:
        made.complete(REQUEST)
    assert caught.value.limit == "max_usd"
    assert made.client.asked == ["a"]


def test_a_cancelled_wait_interrupts() -> None:
    made, _ = policy(failing("server", retryable=True), ("a", "b"), cancelled=lambda: True)
    with pytest.raises(Interrupted):
        made.complete(REQUEST)
    assert made.client.asked == ["a"]


def test_a_request_in_another_form_is_sent_at_once_and_costs_no_retry() -> None:
    def answer(_model: str, n: int) -> ModelReply:
        if n < 3:
            raise ModelError("otherwise", kind="adjusted", retryable=True)
        return ModelReply(content="here")

    made, waits = policy(answer, retries=0)
    assert made.complete(REQUEST).content == "here"
    assert waits == []
    assert made.journal.lines == ["a#1 adjusted", "a#2 adjusted", "a#3 ok"]


def test_no_model_is_a_model_error() -> None:
    made, _ = policy(failing("server", retryable=True), ())
    with pytest.raises(ModelError) as caught:
        made.complete(REQUEST)
    assert caught.value.kind == "config"
