"""A digest of requests that does not depend on ids, paths, durations or clocks. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence

from devassist.domain.events import JsonObject
from devassist.domain.handoffs import GROUND_BEGINS, GROUND_ENDS
from devassist.llm.scripted import EVIDENCE

_ROOTS = "tmp|home|root|Users|var|private|run|opt|usr|mnt|work|workspace|builds|data|srv"
_NOISE: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(rf"(?s)\n*{re.escape(GROUND_BEGINS)}.*?{re.escape(GROUND_ENDS)}"), ""),
    (re.compile(rf"(?<![\w.])/(?:{_ROOTS})(?:/[^\s/:\"'`,;()<>\[\]]+)*(?=/)"), "{path}"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"), "{time}"),
    (re.compile(r"\b\d{4}-\d\d-\d\d\b"), "{date}"),
    (re.compile(r"\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b"), "{time}"),
    (re.compile(r"\b0x[0-9a-fA-F]+\b"), "{address}"),
    (re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{12,64}(?![0-9A-Za-z])"), "{hex}"),
    (re.compile(r"\b\d+(?:\.\d+)?\s?(?:ns|µs|us|ms|s|sec|secs|seconds?|minutes?|min)\b"), "{duration}"),
    (re.compile(r"(127\.0\.0\.1|localhost):\d+"), r"\1:{port}"),
    (re.compile(r"(randomly-seed=|random seed:? |pid[ =:]+)\d+", re.IGNORECASE), r"\1{number}"),
)


def digest(messages: Sequence[JsonObject], tools: Sequence[JsonObject], *, run: str) -> str:
    """The sha256 of the canonical request made in `run`."""
    walk = _Walk(run)
    request = {"messages": walk.value(list(messages)), "tools": walk.value(list(tools))}
    text = json.dumps(request, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class _Walk:
    """Replaces ids by their order of appearance in one request, so that equal structure gives equal text."""

    def __init__(self, run: str) -> None:
        self._run = run
        self._seen: dict[tuple[str, str], str] = {}

    def value(self, value: object) -> object:
        if isinstance(value, Mapping):
            is_call = "function" in value and "id" in value
            return {
                str(name): self._name("call", inner)
                if isinstance(inner, str) and (name == "tool_call_id" or (is_call and name == "id"))
                else self.value(inner)
                for name, inner in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.value(inner) for inner in value]
        return self._text(value) if isinstance(value, str) else value

    def _text(self, text: str) -> str:
        for evidence_id in EVIDENCE.findall(text):
            self._name("evidence", evidence_id)
        # Ids that a model cites inside its arguments, too: whole words, the longest first.
        ids = sorted((name for kind, name in self._seen if kind == "evidence"), key=len, reverse=True)
        if ids:
            pattern = "|".join(re.escape(name) for name in ids)
            text = re.sub(
                rf"(?<![A-Za-z0-9_-])(?:{pattern})(?![A-Za-z0-9_-])",
                lambda m: self._seen["evidence", m.group(0)],
                text,
            )
        if self._run:
            text = text.replace(self._run, "{run}")
        for pattern_, word in _NOISE:
            text = pattern_.sub(word, text)
        return text

    def _name(self, kind: str, name: str) -> str:
        return self._seen.setdefault((kind, name), f"{{{kind}:{sum(k == kind for k, _ in self._seen) + 1}}}")
