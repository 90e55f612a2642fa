"""What a tool works on and what it answers with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from devassist.assignments import Assignment
from devassist.domain.events import Event, EventType
from devassist.domain.roles import Role
from devassist.ports import CrewLink, Files, Sandbox, SandboxSpec


class ToolRefused(Exception):
    """The tool may not do that here; the text is meant for the model."""


class OutOfScope(ToolRefused):
    """A write outside of the task's scope."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolOutcome:
    """
    What a tool call came to.

    `read` are the paths the answer depends on (`*`: the whole tree), `wrote` those it changed;
    `summary` is one line for evidence; `facts` go into the record as they are.
    """

    text: str
    ok: bool = True
    subject: str = ""
    read: tuple[str, ...] = ()
    wrote: tuple[str, ...] = ()
    summary: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


class Bench(Protocol):
    """What a tool works on: one agent's worktree, sandbox and line to the supervisor."""

    assignment: Assignment
    granted: list[str]
    link: CrewLink
    sandbox: Sandbox | None

    @property
    def role(self) -> Role: ...

    @property
    def files(self) -> Files: ...

    def spec(self) -> SandboxSpec: ...

    def event(
        self, type_: EventType, data: Mapping[str, Any], *, id_: str = "", parent: str = ""
    ) -> Event: ...
