"""An agent's session over a real worktree, with a supervisor that agrees to everything and remembers."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from devassist.assignments import AgentPlace, Assignment, BoardNote, Submission, SubmittedWork
from devassist.crew.agent_session import AgentSession
from devassist.domain.events import Event, ToolCalled
from devassist.domain.roles import Role
from devassist.messages import RecalledTool
from devassist.ports import CrewLink, Sandbox
from devassist.sandbox.files import WorktreeFiles


def git(directory: Path, *arguments: str) -> str:
    """Run git in a test's repository and return what it printed."""
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false", *arguments]
    return subprocess.run(command, cwd=directory, check=True, capture_output=True, text=True).stdout


@dataclass
class Supervisor:
    """The other end of a session's link."""

    place: AgentPlace
    recorded: list[Event] = field(default_factory=list)
    refused: Mapping[str, str] = field(default_factory=dict)
    patch: str = ""
    begun: RecalledTool = field(default_factory=RecalledTool)

    def record(self, *events: Event) -> None:
        self.recorded += events

    def begin(self, _role: Role, _round: int) -> AgentPlace:
        return self.place

    def changed(self, _role: Role) -> Mapping[str, str]:
        return {}

    def refuse_write(self, _role: Role, path: str) -> str:
        return self.refused.get(path, "")

    def diff(self, _role: Role) -> str:
        return self.patch

    def board(self, _role: Role) -> Sequence[BoardNote]:
        return ()

    def recall_tool(self, _evidence: str) -> RecalledTool:
        return self.begun

    def submit(self, _role: Role, _round: int, _work: SubmittedWork, *, turns: int) -> Submission:
        return Submission(accepted=True, text=f"accepted after {turns} turns")

    @property
    def calls(self) -> Sequence[ToolCalled]:
        return [event.body for event in self.recorded if isinstance(event.body, ToolCalled)]


@dataclass
class Desk:
    """One agent at its worktree. `repository` is the main checkout, which it must not see."""

    root: Path
    session: AgentSession
    supervisor: Supervisor

    @property
    def tree(self) -> Path:
        return self.root / "tree"

    @property
    def repository(self) -> Path:
        return self.root / "repository"

    @property
    def private(self) -> Path:
        return self.root / "private"

    def call(self, tool: str, **arguments: object) -> str:
        """What the model reads, without the line of its evidence."""
        return self.session.call(tool, arguments).text.rpartition("\nevidence: ")[0]

    def write(self, path: str, content: str | bytes) -> None:
        """Write a file into the worktree behind the tools' back."""
        file = self.tree / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())


def desk(
    root: Path,
    files: Mapping[str, str | bytes],
    *,
    sandbox: Sandbox | None = None,
    role: Role = Role.CODER,
    prepare: Callable[[Path], None] = lambda _repository: None,
    known_failures: Mapping[str, tuple[str, ...]] | None = None,
    **assigned: object,
) -> Desk:
    """A desk at a worktree of a new repository whose commit has `files`; `prepare` changes it before the worktree."""
    repository, private = root / "repository", root / "private"
    repository.mkdir()
    private.mkdir()
    git(repository, "init", "-q", "-b", "main")
    for path, content in files.items():
        (repository / path).parent.mkdir(parents=True, exist_ok=True)
        (repository / path).write_bytes(content if isinstance(content, bytes) else content.encode())
    git(repository, "add", "-A", "-f")
    git(repository, "commit", "-q", "--allow-empty", "-m", "first")
    prepare(repository)
    git(repository, "worktree", "add", "-q", "-b", "agent", str(root / "tree"))
    place = AgentPlace(
        worktree=str(root / "tree"),
        private=str(private),
        brief="",
        environment={"PATH": "/usr/bin:/bin", "HOME": str(private / "home"), "TMPDIR": str(private / "tmp")},
        read_only=(),
        known_failures=known_failures or {},
    )
    supervisor = Supervisor(place)
    masked = (str(repository), str(repository / ".git"))
    assignment = Assignment(
        run="r",
        task="t",
        roles=(role,),
        models={},
        masked=masked,
        **assigned,  # type: ignore[arg-type]
    )
    session = AgentSession(
        assignment=assignment,
        role=role,
        round=1,
        link=cast("CrewLink", supervisor),
        sandbox=sandbox,
        open_files=WorktreeFiles,
    )
    return Desk(root, session, supervisor)
