"""The table of tools: the schema of each that the model sees, and what its arguments are read as."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from pydantic import ValidationError

from devassist.assignments import SubmittedWork
from devassist.crew.tools import shapes
from devassist.crew.tools import submit_shapes as submits
from devassist.crew.tools.shapes import Arguments
from devassist.domain.events import JsonObject

ARGUMENTS: Mapping[str, type[Arguments]] = {
    "list_files": shapes.ListFiles,
    "search_code": shapes.SearchCode,
    "read_file": shapes.ReadFile,
    "write_file": shapes.WriteFile,
    "replace_in_file": shapes.ReplaceInFile,
    "edit_file": shapes.EditFile,
    "delete_file": shapes.DeleteFile,
    "move_file": shapes.MoveFile,
    "run_command": shapes.RunCommand,
    "run_checks": shapes.RunChecks,
    "show_diff": shapes.ShowDiff,
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
    """Raises BadArguments naming every field that is wrong."""
    shape = ARGUMENTS[tool]
    optional = {name for name, field in shape.model_fields.items() if not field.is_required()}
    stated = {name: value for name, value in raw.items() if not (value is None and name in optional)}
    try:
        return shape.model_validate(stated)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or 'arguments'}: {fault['msg']}"
            for fault in error.errors()
        )
        raise BadArguments(f"{tool}: {faults}") from error


def submitted_work(arguments: Arguments) -> SubmittedWork:
    """A submit tool's arguments, as the supervisor receives them. A finding that is a bare text becomes an object."""
    fields = arguments.model_dump(mode="json")
    findings = [
        item if isinstance(item, Mapping) else {"text": str(item)} for item in fields.get("findings", ())
    ]
    return msgspec.convert({**fields, "findings": findings}, SubmittedWork, strict=False)


def schema_of(tool: str) -> JsonObject:
    """The tool in OpenAI's shape, with arguments that have a default as optional."""
    shape = ARGUMENTS[tool]
    schema = shape.model_json_schema()
    definitions = schema.pop("$defs", {})
    parameters = {
        key: _plain(value, definitions, names=key == "properties")
        for key, value in schema.items()
        if key not in ("title", "description")
    }
    parameters.setdefault("properties", {})
    return {
        "type": "function",
        "function": {"name": tool, "description": (shape.__doc__ or "").strip(), "parameters": parameters},
    }


def _plain(node: object, definitions: JsonObject, *, names: bool = False) -> object:
    """
    A part of a schema, without titles and with references resolved: some providers support neither.

    `names` says that the keys of `node` are the names of arguments.
    """
    if isinstance(node, list):
        return [_plain(item, definitions) for item in node]
    if not isinstance(node, Mapping):
        return node
    if "$ref" in node:
        return _plain(definitions[node["$ref"].rpartition("/")[2]], definitions)
    return {
        key: _plain(value, definitions, names=key == "properties")
        for key, value in node.items()
        if names or key != "title"
    }
