"""What a tool works on and what it answers with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from devassist.assignments import Assignment
from devassist.domain.claims.cases import CaseCounts
from devassist.domain.events import (
    CommandIntended,
    CommandRan,
    DecisionMade,
    Event,
    ModelCalled,
    ModelIntended,
    NotePosted,
    RecoveryUnknown,
    ToolCalled,
    ToolIntended,
)
from devassist.domain.roles import Role
from devassist.ports import CommandResult, CrewLink, Files, Sandbox, SandboxSpec


class ToolRefused(Exception):
    """The tool may not do that here; the text is meant for the model."""


class OutOfScope(ToolRefused):
    """A write outside of the task's scope."""


AgentFact = (
    CommandIntended
    | CommandRan
    | DecisionMade
    | ModelCalled
    | ModelIntended
    | NotePosted
    | RecoveryUnknown
    | ToolCalled
    | ToolIntended
)
"""What an agent records itself; everything else is the supervisor's to record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolOutcome:
    """
    What a tool call came to.

    `read` are the paths the answer depends on (`*`: the whole tree), `wrote` those it changed;
    `summary` is one line for evidence; `blob` the content id of a file that was written; `checks` maps commands to exit
    codes; `unknown` says that nobody knows how far the call came.
    """

    text: str
    ok: bool = True
    subject: str = ""
    read: tuple[str, ...] = ()
    wrote: tuple[str, ...] = ()
    summary: str = ""
    blob: str = ""
    exit_code: int | None = None
    checks: Mapping[str, int] = field(default_factory=dict)
    truncated: bool = False
    out_of_scope: bool = False
    unknown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """How a command ended, and what its test runners reported."""

    result: CommandResult
    cases: CaseCounts

    @property
    def passes(self) -> bool:
        """Whether it counts as a check that passed: a case that failed counts whatever the exit code says."""
        return self.result.exit_code == 0 and not self.cases.failed and self.cases.complete


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

    def event(self, fact: AgentFact, *, id_: str = "", parent: str = "") -> Event: ...
