"""What the log shows of tasks and of the agents at work on them: the parts of a run's state."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class TaskStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    DELIVERED = "delivered"
    MERGED = "merged"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(slots=True)
class AgentState:
    """One agent as the log shows it. Tokens and turns are over all its rounds; `usd` counts unknown prices as 0."""

    role: str
    branch: str = ""
    commit: str = ""
    worktree: str = ""
    status: str = "running"
    turns: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0
    last_action: str = ""
    claims: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class TaskState:
    """One task as the log shows it."""

    id: str
    title: str
    role: str
    status: TaskStatus = TaskStatus.PENDING
    rounds: int = 0
    confidence: float | None = None
    agents: dict[str, AgentState] = field(default_factory=dict)
    checks: dict[str, int] = field(default_factory=dict)
    error: str | None = None
    started_at: str = ""
    finished_at: str = ""
    commit: str = ""

    def claims(self) -> dict[str, int]:
        """How the claims of each agent's last handoff were found: verified, contradicted, uncited."""
        total = {"verified": 0, "contradicted": 0, "uncited": 0}
        for agent in self.agents.values():
            for verdict, count in agent.claims.items():
                total[verdict] += count
        return total

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "title": self.title,
            "role": self.role,
            "status": str(self.status),
            "rounds": self.rounds,
            "confidence": self.confidence,
            "agents": [
                {"role": one.role, "branch": one.branch, "commit": one.commit, "worktree": one.worktree}
                for one in self.agents.values()
            ],
            "checks": [{"command": command, "exit_code": code} for command, code in self.checks.items()],
            "claims": self.claims(),
            "error": self.error,
        }
