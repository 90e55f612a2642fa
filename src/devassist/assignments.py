"""What a crew gets to work with and what it hands on: the values that a worker and its supervisor share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from devassist.domain.events import JsonObject
from devassist.domain.handoffs import Claim
from devassist.domain.roles import Role
from devassist.domain.settings import ModelSettings
from devassist.domain.statuses import Outcome, SandboxTier


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAddress:
    """Where in a run a model call stands; equal in a recorded and a replayed run."""

    task: str
    role: str
    round: int
    turn: int

    def __str__(self) -> str:
        return f"{self.task}/{self.role}/{self.round}/{self.turn}"


NOWHERE = CallAddress(task="", role="", round=0, turn=0)
"""The address of a call that belongs to no run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What a worker is to do: one task's crew, or the planning crew."""

    run: str
    task: str
    roles: tuple[Role, ...]
    """The crew in order; the first is the task's own role."""
    models: Mapping[str, tuple[str, ...]]
    """Role -> model strings, the primary first."""
    scope: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    commands_offered: bool = True
    command_timeout_s: float = 900.0
    max_retries: int = 4
    timeout_s: float = 600.0
    api_base: str = ""
    model: ModelSettings = field(default_factory=ModelSettings)
    """Parameters and prices of the models."""
    windows: Mapping[str, int] = field(default_factory=dict)
    """Tokens of prompt and reply together, of models whose table says so."""
    sandbox_tier: SandboxTier = SandboxTier.ABSENT
    network: bool = False
    script: str = ""
    scripts: Mapping[str, str] = field(default_factory=dict)
    """Files by model, of scripted models to choose from."""
    replay: str = ""
    masked: tuple[str, ...] = ()
    round: int = 1
    secrets: tuple[str, ...] = ()
    """Values that are taken out of everything a model reads."""
    redact: tuple[str, ...] = ()
    ask_commands: tuple[str, ...] = ()
    """Glob patterns of commands that a person must allow."""
    recalls: bool = False
    """Whether the log holds some of this task's work already: then the worker looks there before it acts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPlace:
    """
    Where one agent works, and what it is told.

    `shared` is the same for all agents of a run and comes before `brief`. An agent that `continues` has both in the
    transcript of its last round already: then `brief` is what is new.
    """

    worktree: str
    private: str
    brief: str
    shared: str = ""
    continues: bool = False
    known_failures: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Check -> the cases that fail in it on the base already; a check that nobody ran there is absent."""
    environment: Mapping[str, str]
    read_only: tuple[str, ...]
    prefix: str = ""
    """The subdirectory of the repository that commands run in."""
    goal: str = ""
    """That of the whole run."""
    models: tuple[str, ...] = ()
    """The agent's models, the primary first; empty: as the assignment says for its role."""
    hidden: tuple[str, ...] = ()
    """Patterns of private paths that the agent does not see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedWork:
    """The arguments of a submit tool. Which of them a role has is the tool's matter; the others are empty."""

    confidence: float = 0.0
    summary: str = ""
    rationale: str = ""
    claims: tuple[Claim, ...] = ()
    open_questions: tuple[str, ...] = ()
    findings: tuple[JsonObject, ...] = ()
    verdict: str = ""
    dropped: tuple[str, ...] = ()
    """Lines of either side that an integrator left out, word for word."""
    tasks: tuple[JsonObject, ...] = ()
    """The plan's tasks as the orchestrator wrote them."""
    crew: str = ""
    """The size of crew that the orchestrator chose; empty if it was not asked or did not say."""
    needs_tester: bool = False
    """Whether the reviewer wants tests that only another agent should write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """What one CrewAI crew does of an assignment: these roles in order, once, in this round."""

    roles: tuple[Role, ...]
    round: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """
    The supervisor's reply to a submit.

    `accepted` False sends `text` back to the agent; `failed` ends the attempt with `text` as its reason. `then` is who
    goes on after the last agent of a leg; None ends the assignment.
    """

    accepted: bool
    text: str
    failed: bool = False
    then: Leg | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardNote:
    """A note that an agent or a person left."""

    agent: str
    text: str
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewEnding:
    """How a crew's process ended. `kind` is a model error's."""

    outcome: Outcome
    reason: str = ""
    kind: str = ""
    hint: str = ""
