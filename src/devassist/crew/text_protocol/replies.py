"""Reads what a model wrote as text: a JSON object somewhere in it, or code in fences under the paths of files. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from devassist.domain.events import JsonObject

_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})([^\n`]*)\n(.*?)^[ \t]*\1[`~]*[ \t]*$", re.MULTILINE | re.DOTALL)
_OPEN = re.compile(r"^[ \t]*(?:`{3,}|~{3,})", re.MULTILINE)
_THOUGHT = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL)
_PATH = re.compile(r"[\w@.+-]+(?:/[\w@.+-]+)*")
_COMMENT = re.compile(r"^\s*(?:#|//|--|/\*|<!--)")
_WHOLE = re.compile(r"whole file|entire file|new file", re.IGNORECASE)
_LINES_ABOVE = 2
_WORDS_OF_A_PATH_LINE = 4
"""More are a sentence, and what looks like a path in it is perhaps a call of a method."""
_MOST_OBJECTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Code in a fence. `path` is empty if the reply names no file for it; `whole` if it says so."""

    code: str
    path: str = ""
    whole: bool = False


def without_thoughts(text: str) -> str:
    """A reply without what the model thought in it, where the server has not taken that out."""
    return _THOUGHT.sub("", text).strip("\n")


def json_object(text: str) -> JsonObject | None:
    """The first JSON object in a reply; None if there is none."""
    decoder = json.JSONDecoder()
    starts = [match.start() for match in re.finditer(r"\{", text)][:_MOST_OBJECTS]
    for start in starts:
        try:
            value, _ = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            return value
    return None


def fault(value: JsonObject | None, schema: JsonObject) -> str:
    """What is wrong with a reply that should be an object by `schema`, for the model to read; empty if nothing is."""
    if value is None:
        return "that was no JSON object"
    properties = _mapping(schema.get("properties"))
    for name in _sequence(schema.get("required")):
        if name not in value:
            return f"{name} is missing"
    for name, item in value.items():
        if (wrong := _wrong(name, item, _mapping(properties.get(name)))) != "":
            return wrong
    return ""


def _wrong(name: str, item: object, schema: JsonObject) -> str:
    kinds: Mapping[object, type | tuple[type, ...]] = {"string": str, "array": list, "object": dict}
    kind = schema.get("type")
    if kind in kinds and not isinstance(item, kinds[kind]):
        return f"{name} is not of type {kind}"
    choices = _sequence(schema.get("enum"))
    if choices and item not in choices:
        return f"{name} is not one of {', '.join(map(str, choices[:10]))}"
    if isinstance(item, list):
        faults = (_wrong(name, entry, _mapping(schema.get("items"))) for entry in item)
        return next(filter(None, faults), "")
    return ""


def _mapping(value: object) -> JsonObject:
    return value if isinstance(value, Mapping) else {}


def _sequence(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else ()


def blocks(text: str, paths: Collection[str]) -> Sequence[Block]:
    """The fenced code of a reply. `paths` are the files that it may mean by their names alone."""
    out: list[Block] = []
    end = 0
    for match in _FENCE.finditer(text):
        above = [line for line in text[end : match.start()].split("\n") if line.strip()][-_LINES_ABOVE:]
        end = match.end()
        info, code = match.group(2), match.group(3)
        first = code.split("\n", 1)[0]
        comment = _path_in(first, paths) if _COMMENT.match(first) else ""
        if not code.removeprefix(first if comment else "").strip():
            continue  # a name and nothing below it
        path = next((named for line in (info, *reversed(above)) if (named := _path_in(line, paths))), "")
        path = path or (comment if comment in paths else "")
        whole = any(_WHOLE.search(line) for line in (info, *above))
        out.append(Block(code=code, path=path, whole=whole))
    return out


def is_cut_off(text: str) -> bool:
    """Whether the last fence of a reply is not closed."""
    return len(_OPEN.findall(text)) % 2 == 1


def _path_in(line: str, paths: Collection[str]) -> str:
    """The file that a line names: one of `paths`, as a whole or by its last part, or anything with a suffix."""
    words = [match.group().strip(".") for match in _PATH.finditer(line)]
    for word in words:
        if word in paths:
            return word
    for word in words:
        ending = [path for path in paths if path.endswith(f"/{word}")]
        if len(ending) == 1:
            return ending[0]
    out = [word for word in words if re.search(r"\w\.[A-Za-z]\w{0,5}$", word) and not word.startswith("-")]
    return out[0] if len(words) <= _WORDS_OF_A_PATH_LINE and out else ""
