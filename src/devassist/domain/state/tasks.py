"""The tasks of a run and the agents at work on them, as the log shows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from devassist.domain.events import (
    AgentFinished,
    AgentStarted,
    ClaimChecked,
    CommandIntended,
    CommandRan,
    CommitCreated,
    HandoffSubmitted,
    LandingJudged,
    ModelCalled,
    ModelIntended,
    Record,
    RoundStarted,
    TaskDelivered,
    TaskFinished,
    TaskRetried,
    TaskStarted,
    ToolCalled,
)
from devassist.domain.handoffs import Verdict
from devassist.domain.statuses import AgentStatus, CallStatus, Outcome, Purpose, TaskStatus

AGENT_FACTS = (
    AgentStarted,
    AgentFinished,
    ModelIntended,
    ModelCalled,
    ToolCalled,
    CommandIntended,
    HandoffSubmitted,
    ClaimChecked,
    CommitCreated,
)
"""What shows that an agent is at work."""


@dataclass(slots=True)
class AgentState:
    """
    One agent. Tokens, turns and times are over all its rounds; `usd` counts unknown prices as 0.

    `cached_input_tokens` of the `input_tokens` came from a provider's cache. `model_s` are the seconds that its model
    took, `seconds` those from the start to the end of its rounds.
    """

    role: str
    branch: str = ""
    commit: str = ""
    worktree: str = ""
    status: AgentStatus = AgentStatus.RUNNING
    turns: int = 0
    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    model_s: float = 0.0
    seconds: float = 0.0
    began_at: str = ""
    """When its present round began."""
    usd: float = 0.0
    estimated: bool = False
    """Whether the tokens of some of its calls are counted by length, since the provider told none."""
    last_action: str = ""
    claims: dict[Verdict, int] = field(default_factory=dict)
    """How the claims of its last handoff were judged."""

    def apply(self, record: Record) -> None:
        """Take in what this agent did."""
        match record.body:
            case AgentStarted() as started:
                self.branch, self.worktree = started.branch, started.worktree
                self.commit = started.commit or self.commit
                self.status, self.last_action = AgentStatus.RUNNING, "started"
                self.began_at = record.at
            case AgentFinished() as finished:
                self.status = finished.status
                self.commit = finished.commit or self.commit
                self.last_action = str(self.status)
                self.seconds += _between(self.began_at, record.at)
            case ModelIntended():
                self.last_action = "asking the model"
            case ModelCalled() as call:
                self._count(call)
            case ToolCalled() as call:
                self.last_action = f"{call.name} {call.subject}".strip()
            case CommandIntended(command=command):
                self.last_action = f"runs {command}"
            case HandoffSubmitted():
                self.claims = {}
            case ClaimChecked(verdict=verdict):
                self.claims[verdict] = self.claims.get(verdict, 0) + 1
            case CommitCreated(commit=commit):
                self.commit = commit
            case _:
                return

    def _count(self, call: ModelCalled) -> None:
        answered = call.status is CallStatus.OK
        self.turns += 1 if answered else 0
        self.input_tokens += call.input_tokens
        self.cached_input_tokens += call.cached_input_tokens
        self.output_tokens += call.output_tokens
        self.model_s += call.latency_ms / 1000
        self.usd += call.usd or 0.0
        self.estimated = self.estimated or call.estimated
        self.last_action = "thought" if answered else f"model error: {call.error or ''}"


@dataclass(slots=True)
class TaskState:
    """One task."""

    id: str
    title: str
    role: str
    status: TaskStatus = TaskStatus.PENDING
    rounds: int = 0
    confidence: float | None = None
    agents: dict[str, AgentState] = field(default_factory=dict)
    checks: dict[str, int] = field(default_factory=dict)
    """Command -> exit code on the tree that was to land."""
    judged: LandingJudged | None = None
    """What the checks said of it when it was last to land."""
    error: str | None = None
    started_at: str = ""
    finished_at: str = ""
    commit: str = ""
    outcome: Outcome = Outcome.NONE
    """How its work ended, if it was not delivered."""
    first_round: int = 1
    """Where its present attempt began; a retry goes on counting."""

    def claims(self) -> dict[Verdict, int]:
        """How the claims of each agent's last handoff were judged, every verdict counted."""
        total = dict.fromkeys(Verdict, 0)
        for agent in self.agents.values():
            for verdict, count in agent.claims.items():
                total[verdict] += count
        return total

    def apply(self, record: Record) -> None:
        """Take in what happened to this task."""
        match record.body:
            case TaskStarted():
                self.status, self.error = TaskStatus.RUNNING, None
                self.started_at = self.started_at or record.at
            case RoundStarted(round=number):
                self.rounds = number
            case CommandRan(purpose=Purpose.GATE) as ran:
                self.checks[ran.command] = ran.exit_code
            case LandingJudged() as judged:
                self.judged = judged
            case TaskDelivered() as delivered:
                self.status = TaskStatus.DELIVERED
                self.confidence, self.commit = delivered.confidence, delivered.commit
            case TaskFinished() as finished:
                self._finish(finished, record.at)
            case TaskRetried(round=number):
                self.status, self.first_round = TaskStatus.PENDING, number
                self.error, self.outcome, self.commit = None, Outcome.NONE, ""
                self.judged, self.checks = None, {}
            case _:
                return

    def _finish(self, finished: TaskFinished, at: str) -> None:
        self.status, self.outcome = finished.status, finished.outcome
        self.error = finished.error or None
        self.finished_at = at
        if finished.confidence is not None:
            self.confidence = finished.confidence


def _between(begin: str, end: str) -> float:
    """Seconds between two times of the log; 0 if the first is unknown."""
    if not begin or not end:
        return 0.0
    return max(0.0, (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds())
