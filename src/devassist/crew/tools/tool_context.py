"""The context in which a tool works, and the outcome that it returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from devassist.git.reading import ReadingGit
from devassist.ports import CommandResult, CrewLink, Files, Sandbox, SandboxSpec


class ToolRefused(Exception):
    """The tool may not do this; the text is for the model."""


class OutOfScope(ToolRefused):
    """A write outside the task's scope."""


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
"""The facts that an agent's worker records; the supervisor records all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolOutcome:
    """
    The outcome of a tool call.

    `read` are the paths the answer depends on (`*`: the whole tree), `wrote` those it changed;
    `lines` are the first and the last that were shown of a file;
    `summary` is a line for evidence; `blob` the content id of a file that was written; `checks` maps commands to exit
    codes; `unknown` says that nobody knows how far the call got.
    """

    text: str
    ok: bool = True
    subject: str = ""
    read: tuple[str, ...] = ()
    wrote: tuple[str, ...] = ()
    lines: tuple[int, int] | None = None
    summary: str = ""
    blob: str = ""
    exit_code: int | None = None
    checks: Mapping[str, int] = field(default_factory=dict)
    truncated: bool = False
    out_of_scope: bool = False
    unknown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """
    A command's result, and what its test runners reported: `failed` are the ids of all failed cases.

    `shown` is what the model reads instead of the output; None is the whole.
    """

    result: CommandResult
    cases: CaseCounts
    failed: tuple[str, ...] = ()
    shown: str | None = None

    @property
    def passes(self) -> bool:
        """Whether it counts as a check that passed. A failed test case counts, whatever the exit code says."""
        return self.result.exit_code == 0 and not self.cases.failed and self.cases.complete


class ToolContext(Protocol):
    """What a tool works with: an agent's worktree and sandbox, and its link to the supervisor."""

    assignment: Assignment
    granted: list[str]
    link: CrewLink
    sandbox: Sandbox | None

    @property
    def role(self) -> Role: ...

    @property
    def known_failures(self) -> Mapping[str, Sequence[str]]:
        """Check -> the cases that fail in it on the base; a check that has not run there is absent."""

    @property
    def files(self) -> Files: ...

    @property
    def scratch(self) -> Files:
        """The files of the agent's private directory, which its commands can write, too."""

    @property
    def git(self) -> ReadingGit:
        """Raises RepositoryError if the worktree is not one of the repository any more."""

    def spec(self) -> SandboxSpec: ...

    def event(self, fact: AgentFact, *, id_: str = "", parent: str = "") -> Event: ...


def plain_error(error: OSError | UnicodeError) -> str:
    """What a file that cannot be read or written comes to, for a model."""
    if isinstance(error, FileNotFoundError):
        return f"there is no file {error.filename or ''}".strip()
    if isinstance(error, IsADirectoryError):
        return f"{error.filename or 'it'} is a directory"
    if isinstance(error, UnicodeError):
        return "the file is not UTF-8 text"
    return f"{error.strerror or error}"
