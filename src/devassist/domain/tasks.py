"""What the log shows of tasks and of the agents at work on them: the parts of a run's state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from devassist.domain.events import EventType, Record
from devassist.domain.statuses import TaskStatus


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
    outcome: str = ""
    """How its work ended, where it was not delivered: failed, limited, waiting, stopped, error."""
    first_round: int = 1
    """Where its present attempt began; a retry goes on counting."""

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


def _task_started(task: TaskState, record: Record) -> None:
    task.status = TaskStatus.RUNNING
    task.error = None
    task.started_at = task.started_at or record.at


def _task_delivered(task: TaskState, record: Record) -> None:
    task.status = TaskStatus.DELIVERED
    task.confidence = record.data.get("confidence")
    task.commit = record.data.get("commit", "")


def _task_finished(task: TaskState, record: Record) -> None:
    task.status = TaskStatus(record.data["status"])
    task.error = record.data.get("error") or None
    task.outcome = record.data.get("outcome", "")
    task.finished_at = record.at
    if record.data.get("confidence") is not None:
        task.confidence = record.data["confidence"]


def _task_retried(task: TaskState, record: Record) -> None:
    task.status = TaskStatus.PENDING
    task.first_round = record.data["round"]
    task.error = None
    task.outcome = task.commit = ""


def _round_started(task: TaskState, record: Record) -> None:
    task.rounds = record.data["round"]


def _command_ran(task: TaskState, record: Record) -> None:
    if record.data.get("purpose") == "gate":
        task.checks[record.data["command"]] = record.data["exit_code"]


def _agent_started(agent: AgentState, record: Record) -> None:
    agent.branch = record.data.get("branch", "")
    agent.worktree = record.data.get("worktree", "")
    agent.commit = record.data.get("commit", agent.commit)
    agent.status = "running"
    agent.last_action = "started"


def _agent_finished(agent: AgentState, record: Record) -> None:
    agent.status = record.data.get("status", "done")
    agent.commit = record.data.get("commit") or agent.commit
    agent.last_action = agent.status


def _model_called(agent: AgentState, record: Record) -> None:
    data = record.data
    answered = data.get("status") == "ok"
    agent.turns += 1 if answered else 0
    agent.input_tokens += data.get("input_tokens", 0)
    agent.output_tokens += data.get("output_tokens", 0)
    agent.usd += data.get("usd") or 0.0
    agent.last_action = "thought" if answered else f"model error: {data.get('error', '')}"


def _model_intended(agent: AgentState, _record: Record) -> None:
    agent.last_action = "asking the model"


def _tool_called(agent: AgentState, record: Record) -> None:
    agent.last_action = f"{record.data['name']} {record.data.get('subject', '')}".strip()


def _command_intended(agent: AgentState, record: Record) -> None:
    agent.last_action = f"runs {record.data['command']}"


def _handoff_submitted(agent: AgentState, _record: Record) -> None:
    agent.claims = {}


def _claim_checked(agent: AgentState, record: Record) -> None:
    verdict = record.data["verdict"]
    agent.claims[verdict] = agent.claims.get(verdict, 0) + 1


def _commit_created(agent: AgentState, record: Record) -> None:
    agent.commit = record.data["commit"]


TASK_ACTS: Mapping[EventType, Callable[[TaskState, Record], None]] = {
    EventType.TASK_STARTED: _task_started,
    EventType.TASK_DELIVERED: _task_delivered,
    EventType.TASK_FINISHED: _task_finished,
    EventType.TASK_RETRIED: _task_retried,
    EventType.ROUND_STARTED: _round_started,
    EventType.COMMAND_RAN: _command_ran,
}
"""What an event of a task does to its state."""

AGENT_ACTS: Mapping[EventType, Callable[[AgentState, Record], None]] = {
    EventType.AGENT_STARTED: _agent_started,
    EventType.AGENT_FINISHED: _agent_finished,
    EventType.MODEL_INTENDED: _model_intended,
    EventType.MODEL_CALLED: _model_called,
    EventType.TOOL_CALLED: _tool_called,
    EventType.COMMAND_INTENDED: _command_intended,
    EventType.HANDOFF_SUBMITTED: _handoff_submitted,
    EventType.CLAIM_CHECKED: _claim_checked,
    EventType.COMMIT_CREATED: _commit_created,
}
"""What an event of an agent does to its state."""
