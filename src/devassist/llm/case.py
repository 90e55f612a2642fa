"""The facts of a failed call by which it is judged: exceptions, HTTP answer if any, and a text without keys."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import NamedTuple, SupportsInt

from devassist.llm.models.providers import provider_of
from devassist.ports import ModelRequest

_LONGEST = 400
_PREFIX = re.compile(r"^\s*(litellm\.)?\w*(Error|Exception|Timeout|Timeout Error)(\s+\w*Error)?\s*(:|-)\s*")
_SECRET = re.compile(
    r"\b(sk|pk|rk|gsk|xai|key|or)[-_][A-Za-z0-9*_-]{6,}|\bAIza[\w-]{10,}"
    r"|(?<=earer )[\w.~+/=-]{6,}|(?<=[?&]key=)[^&\s'\"]+"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """
    The facts of one failed call.

    `names` are the classes of the whole chain of exceptions, `outermost` is the class raised last. `status` is that of
    a real HTTP answer, 0 without one; `claimed_status` is what litellm claims. `text` is for a person; `chain_text`,
    the texts of the whole chain, may hold keys. `retry_after_s` is the wait in seconds that the provider asks for.
    """

    request: ModelRequest
    names: frozenset[str]
    outermost: str
    status: int
    claimed_status: int
    text: str
    chain_text: str
    retry_after_s: float | None
    provider: str
    api_base: str


def case_of(
    error: Exception, request: ModelRequest, secrets: tuple[str, ...], api_base: str, now: Callable[[], float]
) -> Case:
    """The facts of what `litellm.completion` raised for `request`."""
    chain = list(_chain(error))
    answer = next((answer for answer in map(_answer_of, chain) if answer is not None), _Answer())
    chain_text = " ".join(str(link) for link in chain)
    return Case(
        request=request,
        names=frozenset(kind.__name__ for link in chain for kind in type(link).__mro__),
        outermost=type(error).__name__,
        status=answer.status,
        claimed_status=_status(getattr(error, "status_code", 0)),
        text=plain(str(error), secrets),
        chain_text=chain_text,
        retry_after_s=_retry_after_s(answer.headers, chain_text, now),
        provider=str(getattr(error, "llm_provider", "") or provider_of(request.model)),
        api_base=api_base,
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The exceptions, outermost first; bounded, because a chain can loop."""
    for _ in range(12):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__


class _Answer(NamedTuple):
    """The part of an HTTP answer by which a failure is judged; status 0 if there was no answer."""

    status: int = 0
    headers: Mapping[str, str] = MappingProxyType({})


def _answer_of(error: BaseException) -> _Answer | None:
    """The HTTP answer an exception carries, if it is a real one: litellm makes up some without headers."""
    response = getattr(error, "response", None)
    status = _status(getattr(response, "status_code", 0))
    headers = getattr(response, "headers", None)
    return _Answer(status, headers) if status >= HTTPStatus.MULTIPLE_CHOICES and headers else None


def _status(value: object) -> int:
    try:
        return int(value) if isinstance(value, str | SupportsInt) else 0
    except (TypeError, ValueError):
        return 0


def _retry_after_s(headers: Mapping[str, str], text: str, now: Callable[[], float]) -> float | None:
    """Seconds from Retry-After (a number or a date), its millisecond variant, or Google's retryDelay."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        if re.fullmatch(r"\d+(\.\d+)?", value):
            return float(value) * unit
        if value and unit == 1.0:
            try:
                return max(0.0, parsedate_to_datetime(value).timestamp() - now())
            except (ValueError, TypeError, OverflowError):
                return None
    delay = re.search(r'"retryDelay":\s*"(\d+(?:\.\d+)?)s"', text)
    return float(delay.group(1)) if delay else None


def plain(text: str, secrets: tuple[str, ...] = ()) -> str:
    """An exception's text for a person: the provider's own sentence on one line, without any key."""
    text = text.split("Traceback (most recent call last)", 1)[0]
    for _ in range(4):
        text = _PREFIX.sub("", text, count=1)
    start = text.find("{")
    if start != -1:
        text = _message_in(text[start:]) or text
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    text = " ".join(_SECRET.sub("***", text).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _message_in(text: str) -> str:
    """The message in an error body, which is JSON; most providers nest it in `error`."""
    try:
        body, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return ""
    inner = body.get("error", body)
    message = inner.get("message") if isinstance(inner, dict) else inner
    return message if isinstance(message, str) else ""
