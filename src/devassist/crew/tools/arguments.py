"""The table of tools: the schema of each that the model sees, and what its arguments are read as."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache

import msgspec
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from devassist.assignments import SubmittedWork
from devassist.crew.tools import shapes
from devassist.crew.tools import submit_shapes as submits
from devassist.crew.tools.aliases import understood
from devassist.crew.tools.shapes import Arguments
from devassist.domain.events import JsonObject

ARGUMENTS: Mapping[str, type[Arguments]] = {
    "list_files": shapes.ListFiles,
    "search_code": shapes.SearchCode,
    "read_file": shapes.ReadFile,
    "write_file": shapes.WriteFile,
    "replace_in_file": shapes.ReplaceInFile,
    "edit_file": shapes.EditFile,
    "apply_patch": shapes.ApplyPatch,
    "delete_file": shapes.DeleteFile,
    "move_file": shapes.MoveFile,
    "run_command": shapes.RunCommand,
    "run_checks": shapes.RunChecks,
    "show_diff": shapes.ShowDiff,
    "git_log": shapes.GitLog,
    "git_blame": shapes.GitBlame,
    "git_show": shapes.GitShow,
    "post_note": shapes.PostNote,
    "read_board": shapes.ReadBoard,
    "ask_human": shapes.AskHuman,
    "request_scope": shapes.RequestScope,
    "submit_plan": submits.SubmitPlan,
    "submit_brief": submits.SubmitBrief,
    "submit_work": submits.SubmitWork,
    "submit_review": submits.SubmitReview,
    "submit_resolution": submits.SubmitResolution,
}


class BadArguments(Exception):
    """Arguments that do not fit; the text names the field and is meant for the model."""


def parse_arguments(tool: str, raw: JsonObject) -> Arguments:
    """The arguments of a call, under their own or their usual other names. Raises BadArguments naming all faults."""
    shape = ARGUMENTS[tool]
    optional = {name for name, field in shape.model_fields.items() if not field.is_required()}
    named = understood(shape, raw)
    stated = {name: value for name, value in named.items() if not (value is None and name in optional)}
    try:
        return shape.model_validate(stated)
    except ValidationError as error:
        faults = "; ".join(_fault(shape, fault) for fault in error.errors())
        raise BadArguments(f"{tool}: {faults}") from error


def _fault(shape: type[Arguments], fault: ErrorDetails) -> str:
    place = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden" and len(fault["loc"]) == 1:
        takes = ", ".join(shape.model_fields) or "no arguments"
        return f"unknown argument {place!r}; this tool takes {takes}"
    return f"{place or 'arguments'}: {fault['msg']}"


def submitted_work(
    arguments: Arguments, redacted: Callable[[JsonObject], JsonObject] = dict
) -> SubmittedWork:
    """
    A submit tool's arguments, as the supervisor receives them. A finding that is a bare text becomes an object.

    `redacted` takes secrets out: what is handed on stands in commits, notes and the briefs of others.
    """
    fields = redacted(arguments.model_dump(mode="json"))
    said = fields.get("findings")
    items = said if isinstance(said, list) else []
    findings = [item if isinstance(item, Mapping) else {"text": str(item)} for item in items]
    return msgspec.convert({**fields, "findings": findings}, SubmittedWork, strict=False)


def schema_of(tool: str) -> JsonObject:
    """
    The tool in OpenAI's shape, with arguments that have a default as optional.

    It costs tokens in every call: titles, bounds and trivial defaults, which errors tell as well, are left out.
    """
    schema: JsonObject = json.loads(_schema_text(tool))
    return schema


@cache
def _schema_text(tool: str) -> str:
    """As text, so that nobody can change what is made once: pydantic takes a third of a call's time for it."""
    shape = ARGUMENTS[tool]
    schema = shape.model_json_schema()
    definitions = schema.pop("$defs", {})
    parameters = _plain({key: value for key, value in schema.items() if key != "description"}, definitions)
    function = {"name": tool, "description": (shape.__doc__ or "").strip(), "parameters": parameters}
    return json.dumps({"type": "function", "function": function})


_LEFT_OUT = frozenset(
    {"title", "additionalProperties", "minLength", "minItems", "minimum", "maximum", "exclusiveMinimum"}
)
_TRIVIAL: tuple[object, ...] = (None, False, "", [], 0)


def _plain(node: object, definitions: JsonObject) -> object:
    """A part of a schema with references resolved, because some providers do not support them."""
    if isinstance(node, list):
        return [_plain(item, definitions) for item in node]
    if not isinstance(node, Mapping):
        return node
    if "$ref" in node:
        target = definitions[node["$ref"].rpartition("/")[2]]
        assert isinstance(target, Mapping)  # noqa: S101  pydantic's
        return _plain({key: value for key, value in target.items() if key != "description"}, definitions)
    choices = [choice for choice in node.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1:
        rest = {key: value for key, value in node.items() if key != "anyOf"}
        return _plain({**choices[0], **rest}, definitions)
    plain = {
        key: _plain(value, definitions)
        for key, value in node.items()
        if key not in _LEFT_OUT and key != "properties" and not (key == "default" and value in _TRIVIAL)
    }
    if "properties" in node:  # its keys are the names of arguments, whatever they are
        plain["properties"] = {name: _plain(field, definitions) for name, field in node["properties"].items()}
    return plain
