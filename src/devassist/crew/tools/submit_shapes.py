"""The arguments of the tools that end an agent's work."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic.config import JsonDict

from devassist.crew.tools.aliases import loose_task
from devassist.crew.tools.shapes import Arguments
from devassist.domain.roles import TASK_ROLES


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


_TEXT: JsonDict = {"type": "string"}
_TEXTS: JsonDict = {"type": "array", "items": _TEXT}
_TASK: JsonDict = {
    "type": "object",
    "properties": {
        "id": _TEXT,
        "title": _TEXT,
        "role": {"type": "string", "enum": [str(role) for role in TASK_ROLES]},
        "instructions": _TEXT,
        "scope": {**_TEXTS, "description": "globs of what it may write; left out: everything"},
        "depends_on": {**_TEXTS, "description": "ids"},
        "checks": {**_TEXTS, "description": "shell commands"},
        "review": {"type": "boolean", "default": True},
        "tester": {"type": "boolean", "default": True},
        "changes_tests": {
            **_TEXTS,
            "description": "globs of existing tests that it may change; counts only in a plan that a person "
            "approves or passes",
        },
    },
    "required": ["id", "title", "role"],
}
"""For the model to read: what a task may be is decided, field by field, by `parse_plan`."""


class SubmitPlan(Arguments):
    """End the planning: hand in the tasks."""

    tasks: list[dict[str, object]] = Field(default_factory=list, json_schema_extra={"items": _TASK})
    rationale: str
    confidence: float = Confidence
    crew: Literal["", "solo", "crew", "plan"] = Field(
        default="", description="how large a crew the goal needs, where that is asked"
    )

    @field_validator("tasks", mode="before")
    @classmethod
    def _loose(cls, tasks: object) -> object:
        return [loose_task(task) for task in tasks] if isinstance(tasks, list) else tasks


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
    needs_tester: bool = Field(default=False, description="tests are missing that another agent should write")


class SubmitResolution(Arguments):
    """End the resolution of a conflict; list every line that was dropped."""

    summary: str
    confidence: float = Confidence
    dropped: list[str] = Field(default_factory=list)
