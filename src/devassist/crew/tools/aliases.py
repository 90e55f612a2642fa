"""Arguments under the names and in the forms that models know from other tools, turned into a tool's own. Pure."""

from __future__ import annotations

import json
import math
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Final, get_args, get_origin

from pydantic import BaseModel

from devassist.crew.tools.shapes import Arguments
from devassist.domain.events import JsonObject

_NAMES: Final[Mapping[str, str]] = {
    "path": "file_path file filename file_name filepath target_file relative_path dir dir_path directory folder "
    "source src old_path from",
    "new_path": "destination dest to target new_name target_path destination_path new_file_path",
    "content": "contents text file_text new_content file_content data",
    "old": "old_string old_str old_text search find",
    "new": "new_string new_str new_text replace replacement",
    "replace_all": "all",
    "edits": "replacements changes",
    "patch": "diff input patch_text",
    "command": "cmd script bash shell_command",
    "timeout_s": "timeout timeout_seconds timeout_secs timeout_sec timeout_ms",
    "pattern": "query regex regexp search_pattern search_term q text",
    "glob": "include include_pattern file_pattern glob_pattern pattern file_glob",
    "context": "context_lines lines_of_context surrounding_lines c",
    "ignore_case": "case_insensitive i",
    "start_line": "offset line_start start from_line begin_line line start_line_one_indexed",
    "end_line": "line_end end to_line end_line_one_indexed end_line_one_indexed_inclusive",
    "rev": "revision commit ref sha hash",
    "limit": "n count max_count",
    "only": "checks commands names filter",
    "text": "message note content",
    "paths": "files globs path",
    "options": "choices",
    "question": "prompt",
}
"""A tool's own name for an argument -> the names that it has elsewhere."""
_IDLE: Final = frozenset({"description", "explanation", "thought"})
"""Arguments in which models describe a call: nothing depends on them."""
_TASK_LISTS: Final = ("scope", "depends_on", "checks", "changes_tests")
_WORDS: Final = {"true": True, "yes": True, "false": False, "no": False}
_MILLISECONDS_FROM: Final = 3_600
_SHELL_ARGUMENTS: Final = 3


def understood(shape: type[Arguments], raw: JsonObject) -> dict[str, object]:
    """`raw` with the names of `shape` where another name is meant, and lists and objects where JSON texts are."""
    fields = shape.model_fields
    named: dict[str, object] = {}
    left: dict[str, object] = {}
    for name, value in raw.items():
        (named if name in fields else left)[name] = value
    for name, value in left.items():
        own = _own_name(name, fields, named)
        if own is not None:
            named[own] = value
        elif name not in _IDLE:
            named[name] = value
    _read_other_forms(fields, named)
    _gather_edits(fields, named)
    return {
        name: _formed(fields[name].annotation, value) if name in fields else value
        for name, value in named.items()
    }


def _own_name(name: str, fields: Mapping[str, object], taken: Mapping[str, object]) -> str | None:
    """The field that `name` means, if it has no value yet."""
    plain = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name.lstrip("-")).replace("-", "_").lower()
    candidates = [plain, *(own for own, others in _NAMES.items() if plain in others.split())]
    return next((own for own in candidates if own in fields and own not in taken), None)


def _read_other_forms(fields: Mapping[str, object], named: dict[str, object]) -> None:
    """Line ranges and time limits in other units, and a command as a list of words."""
    if "end_line" in fields:
        span = parsed(named.pop("view_range", None) or named.pop("line_range", None))
        if isinstance(span, Sequence) and not isinstance(span, str) and len(span) == 2:  # noqa: PLR2004  from, to
            named.setdefault("start_line", span[0])
            named.setdefault("end_line", span[1])
        count = _number(named.pop("limit", None)) if "limit" not in fields else None
        if count is not None:
            named.setdefault("end_line", max(1, int(_number(named.get("start_line")) or 1)) + int(count) - 1)
        if _number(named.get("end_line")) == -1:
            del named["end_line"]
        if _number(named.get("start_line")) == 0:
            named["start_line"] = 1
    words = named.get("command")
    if isinstance(words, list) and words and all(isinstance(word, str) for word in words):
        named["command"] = _command(words)
    seconds = _number(named.get("timeout_s"))
    if seconds is not None and seconds > _MILLISECONDS_FROM:
        named["timeout_s"] = min(seconds / 1000, _MILLISECONDS_FROM)


def _gather_edits(fields: Mapping[str, object], named: dict[str, object]) -> None:
    """One replacement beside the path instead of a list of them."""
    if "edits" in fields and "edits" not in named:
        names = [
            name for name in named if _own_name(name, {"old": 0, "new": 0, "replace_all": 0}, {}) is not None
        ]
        if names:
            named["edits"] = [{name: named.pop(name) for name in names}]


def _formed(annotation: object, value: object) -> object:
    """`value` in the form that a field of this type has."""
    kinds = [kind for kind in (annotation, *get_args(annotation)) if kind is not type(None)]
    if (
        isinstance(value, str)
        and value.strip().lower() in ("", "null", "none")
        and type(None) in get_args(annotation)
    ):
        return None
    if annotation is str and isinstance(value, list) and len(value) == 1:
        return value[0]
    element = next((get_args(kind)[0] for kind in kinds if get_origin(kind) is list), None)
    if element is None:
        return value
    items = parsed(value)
    if not isinstance(items, list):
        items = [] if items in ("", None) else [items]
    if isinstance(element, type) and issubclass(element, BaseModel):
        return [_item(element, parsed(item)) for item in items]
    if get_origin(element) is dict:
        return [parsed(item) for item in items]
    return items


def _item(shape: type[BaseModel], item: object) -> object:
    if not isinstance(item, Mapping):
        return item
    fields, named = shape.model_fields, dict[str, object]()
    for name, value in item.items():
        own = name if name in fields else _own_name(str(name), fields, item)
        named[own or str(name)] = value
    return named


def _command(words: Sequence[str]) -> str:
    """A command that was given as a list of words; what `bash -lc` would run, if that is what it is."""
    is_shell = len(words) == _SHELL_ARGUMENTS and words[1] in ("-c", "-lc")
    return words[2] if is_shell else shlex.join(words)


def loose_task(task: object) -> object:
    """A plan's task with lists where one text or a JSON text is, and truth values where words are."""
    if not isinstance(task, Mapping):
        return task
    loose = {str(key): parsed(value) for key, value in task.items() if value is not None}
    for key, value in loose.items():
        if key in _TASK_LISTS and isinstance(value, str):
            loose[key] = [value] if value.strip() else []
        elif key == "review" and isinstance(value, str) and value.lower() in _WORDS:
            loose[key] = _WORDS[value.lower()]
    return loose


def parsed(value: object) -> object:
    """The value of a JSON text that is an array or an object; anything else as it is."""
    if isinstance(value, str) and value.strip()[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _number(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value if math.isfinite(value) else None
    if isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value.strip()):
        return float(value)
    return None
