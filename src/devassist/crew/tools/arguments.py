"""The arguments of every tool: their shapes, the schemas that the model sees, and the errors that it reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from devassist.assignments import SubmittedWork
from devassist.domain.events import JsonObject


class Arguments(BaseModel):
    """Unknown arguments are errors; null means that an optional argument was left out."""

    model_config = ConfigDict(extra="forbid")


class ListFiles(Arguments):
    """List files below a directory. Ignored files and .git are left out."""

    path: str = Field(default=".", description="directory, relative to the repository root")
    glob: str = Field(default="**/*", description="pattern relative to that directory")


class SearchCode(Arguments):
    """Search file contents with a Python regular expression; gives path:line: text."""

    pattern: str = Field(description="regular expression")
    glob: str = Field(default="**/*", description="which files to search")


class ReadFile(Arguments):
    """Read a text file; lines are numbered."""

    path: str = Field(description="relative to the repository root")
    start_line: int = Field(default=1, ge=1)
    end_line: int | None = Field(default=None, description="last line to read; null reads to the end")


class FileWrite(Arguments):
    """The arguments that all tools that change a file share."""

    path: str


class WriteFile(FileWrite):
    """Write a whole file, creating it and its directories where needed."""

    content: str


class ReplaceInFile(FileWrite):
    """Replace one exact piece of text in a file. `old` must occur exactly once."""

    old: str = Field(description="the exact present text, long enough to be unique", min_length=1)
    new: str


class DeleteFile(FileWrite):
    """Delete a file."""


class MoveFile(FileWrite):
    """Move or rename a file."""

    new_path: str


class RunCommand(Arguments):
    """Run a shell command in the worktree, sandboxed and without network. A pipe fails if any part of it fails."""

    command: str = Field(min_length=1)
    timeout_s: float = Field(default=120, gt=0, le=3600)

    @field_validator("command")
    @classmethod
    def _no_nul(cls, command: str) -> str:
        if "\0" in command:
            raise ValueError("a command cannot hold a NUL character")
        return command


class RunChecks(Arguments):
    """Run the task's checks and the project's, and report each with its exit code, tests and an evidence id."""


class ShowDiff(Arguments):
    """Show everything this task has changed so far as a patch."""


class PostNote(Arguments):
    """Leave a short note on the board for the agents of other tasks."""

    text: str = Field(min_length=1)
    paths: list[str] = Field(default_factory=list)


class ReadBoard(Arguments):
    """Read the notes that agents of this run have left."""


class AskHuman(Arguments):
    """Ask the person who started the run. The task waits; use it only where a guess would be wrong."""

    question: str = Field(min_length=1)
    options: list[str] = Field(default_factory=list)


class RequestScope(Arguments):
    """Ask to write paths outside the task's scope."""

    paths: list[str] = Field(min_length=1)
    reason: str


class ClaimArgument(BaseModel):
    model_config = ConfigDict(extra="ignore")
    statement: str
    evidence: str = Field(default="", description="the id after `evidence:` in a tool result of this task")


class FindingArgument(BaseModel):
    model_config = ConfigDict(extra="ignore")
    path: str = ""
    line: int | None = None
    severity: str = "note"
    comment: str = ""


Confidence = Field(ge=0, le=1, description="0 to 1: how sure you are that this is complete and right")


class SubmitPlan(Arguments):
    """End the planning: hand in the tasks."""

    tasks: list[dict[str, object]] = Field(
        min_length=1,
        description=(
            "each {id, title, role: coder|documenter|tester|researcher, instructions, scope: [globs], "
            "depends_on: [ids], checks: [shell commands], review: bool} and, if existing tests have to change, "
            "changes_tests: [globs of the tests that the task may change; counts only in a plan that a person "
            "approves or passes]"
        ),
    )
    rationale: str
    confidence: float = Confidence


class SubmitBrief(Arguments):
    """End the research: hand in what was found."""

    summary: str
    findings: list[object]
    confidence: float = Confidence
    claims: list[ClaimArgument] = Field(default_factory=list)


class SubmitWork(Arguments):
    """End the work: hand in what is in the worktree now. A claim cites the evidence id of the result that shows it."""

    summary: str
    confidence: float = Confidence
    claims: list[ClaimArgument] = Field(default_factory=list)
    open_questions: list[str] = Field(default_factory=list)


class SubmitReview(Arguments):
    """End the review with a verdict."""

    verdict: Literal["approve", "request_changes"]
    summary: str
    confidence: float = Confidence
    findings: list[FindingArgument] = Field(default_factory=list)


class SubmitResolution(Arguments):
    """End the resolution of a conflict; list every line that was dropped."""

    summary: str
    confidence: float = Confidence
    dropped: list[str] = Field(default_factory=list)


ARGUMENTS: Mapping[str, type[Arguments]] = {
    "list_files": ListFiles,
    "search_code": SearchCode,
    "read_file": ReadFile,
    "write_file": WriteFile,
    "replace_in_file": ReplaceInFile,
    "delete_file": DeleteFile,
    "move_file": MoveFile,
    "run_command": RunCommand,
    "run_checks": RunChecks,
    "show_diff": ShowDiff,
    "post_note": PostNote,
    "read_board": ReadBoard,
    "ask_human": AskHuman,
    "request_scope": RequestScope,
    "submit_plan": SubmitPlan,
    "submit_brief": SubmitBrief,
    "submit_work": SubmitWork,
    "submit_review": SubmitReview,
    "submit_resolution": SubmitResolution,
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
