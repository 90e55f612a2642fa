"""Tool calls that a model wrote into its text, because its server does not read them out of it. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

_TAGGED = re.compile(r"<(tool_call|function_call|toolcall)>\s*(.*?)\s*</\1>", re.DOTALL)
_XML = re.compile(r"<function=([\w.-]+)>\s*(.*?)\s*</function>", re.DOTALL)
_PARAMETER = re.compile(r"<parameter=([\w.-]+)>\n?(.*?)\n?</parameter>\s*", re.DOTALL)
_LIST = re.compile(r"\s*\[TOOL_CALLS\]\s*(\[.*\])\s*", re.DOTALL)
_TAG = re.compile(r"\s*<\|python_tag\|>\s*(\{.*\})\s*", re.DOTALL)
_FENCED = re.compile(r"\s*```(?:json|tool_call|tool_code)?\s*\n(.*?)\n\s*```\s*", re.DOTALL)


class TextCall(NamedTuple):
    """A call and the JSON text of its arguments."""

    name: str
    arguments: str


class _NoCall(ValueError):
    """A text that is no call after all."""


def text_calls(text: str, offered: Collection[str]) -> list[TextCall]:
    """
    The calls that a reply is meant to be; none unless all of them can be parsed and name tools that are offered.

    Calls in tags may stand among other text. A JSON object without tags is a call only if the reply is nothing else.
    """
    try:
        calls = list(_parsed(text))
    except (ValueError, RecursionError):
        return []
    return calls if calls and all(call.name in offered for call in calls) else []


def _parsed(text: str) -> Iterator[TextCall]:
    tagged = [match.group(2) for match in _TAGGED.finditer(text)]
    if tagged:
        for inner in tagged:
            yield from _xml(inner) if "<function=" in inner else _json(inner)
        return
    if _XML.search(text):
        yield from _xml(text)
        return
    for whole in (_LIST, _TAG, _FENCED):
        if match := whole.fullmatch(text):
            yield from _json(match.group(1))
            return
    if text.strip()[:1] in ("{", "["):
        yield from _json(text)


def _xml(text: str) -> Iterator[TextCall]:
    for match in _XML.finditer(text):
        body = match.group(2)
        if body.startswith("{"):
            arguments = json.loads(body)
        elif _PARAMETER.sub("", body).strip():
            raise _NoCall
        else:
            arguments = dict(_PARAMETER.findall(body))
        yield _call(match.group(1), arguments)


def _json(text: str) -> Iterator[TextCall]:
    value = json.loads(text)
    for entry in value if isinstance(value, list) else [value]:
        if not isinstance(entry, Mapping):
            raise _NoCall
        function = entry.get("function")
        call = function if isinstance(function, Mapping) else entry
        arguments = call.get("arguments", call.get("parameters"))
        yield _call(call.get("name"), json.loads(arguments) if isinstance(arguments, str) else arguments)


def _call(name: object, arguments: object) -> TextCall:
    if not isinstance(name, str) or not isinstance(arguments, Mapping):
        raise _NoCall
    return TextCall(name.rpartition(".")[2], json.dumps(arguments, ensure_ascii=False))
