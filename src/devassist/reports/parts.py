"""The parts of a run's story: who worked when, what was asked, what proves it, what it cost."""

from __future__ import annotations

from dataclasses import dataclass, field

from devassist.domain.events import (
    BranchPushed,
    ClaimChecked,
    CommitCreated,
    DecisionMade,
    MergeCompleted,
    PrOpened,
    RunApplied,
    RunDiscarded,
)


@dataclass(slots=True, kw_only=True)
class Span:
    """One agent at work in one round. `end` is empty while it works; times are ISO 8601."""

    agent: str
    task: str
    role: str
    round: int
    start: str
    end: str = ""
    status: str = "running"
    model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """One model call or command of an agent, at its end. `seconds` is how long it took."""

    agent: str
    task: str
    at: str
    kind: str
    ok: bool
    text: str
    seconds: float = 0.0


@dataclass(slots=True, kw_only=True)
class Wait:
    """An approval request: from when to when, what was asked, and what a person answered."""

    id: str
    task: str
    agent: str
    kind: str
    question: str
    start: str
    end: str = ""
    choice: str = ""
    who: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRan:
    """A check on the merged tree of a task."""

    command: str
    exit_code: int
    seconds: float
    tail: str
    timed_out: bool = False


@dataclass(slots=True)
class Cost:
    """Model calls of one role in one task with one model."""

    calls: int = 0
    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0
    usd: float = 0.0
    unpriced: int = 0

    def add(self, other: Cost) -> None:
        self.calls += other.calls
        self.input_tokens += other.input_tokens
        self.cached_input_tokens += other.cached_input_tokens
        self.output_tokens += other.output_tokens
        self.seconds += other.seconds
        self.usd += other.usd
        self.unpriced += other.unpriced


@dataclass(frozen=True, slots=True)
class AgentCommit:
    """A commit and the agent that it was made for."""

    agent: str
    created: CommitCreated


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision with its time and task."""

    at: str
    task: str
    made: DecisionMade


Afterlife = MergeCompleted | RunApplied | RunDiscarded | BranchPushed | PrOpened
"""What a person may do with a result."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Something that a person did with the result after the run."""

    at: str
    act: Afterlife


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictEnding:
    """How a conflict ended, by whom and why as far as that is known."""

    status: str
    who: str = ""
    reason: str = ""


@dataclass(slots=True)
class Evidence:
    """What was recorded of one task. Claims and summaries are those of each agent's last handoff."""

    summaries: dict[str, str] = field(default_factory=dict)
    claims: dict[str, list[ClaimChecked]] = field(default_factory=dict)
    commits: list[AgentCommit] = field(default_factory=list)
    checks: dict[str, CheckRan] = field(default_factory=dict)
