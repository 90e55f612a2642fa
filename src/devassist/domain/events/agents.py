"""What happens to workers and to the agents in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from devassist.domain.events.kinds import EventType
from devassist.domain.statuses import AgentStatus, SandboxTier


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStarted:
    """A crew's process was started."""

    type: ClassVar[EventType] = EventType.WORKER_STARTED
    pid: int = 0
    roles: tuple[str, ...] = ()
    sandbox: SandboxTier = SandboxTier.ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerExited:
    """A crew's process is gone; `status` is negative for a signal."""

    type: ClassVar[EventType] = EventType.WORKER_EXITED
    pid: int = 0
    status: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStarted:
    """An agent begins a round in its worktree at `commit`. `sides` are the two commits an integrator merges."""

    type: ClassVar[EventType] = EventType.AGENT_STARTED
    role: str = ""
    round: int = 1
    branch: str = ""
    worktree: str = ""
    commit: str = ""
    model: str = ""
    ground: str = ""
    """The state of the repository as a planning agent was told it."""
    sides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFinished:
    """
    An agent's round ended.

    `turns` counts its model calls in the round. `paths`, `confidence` and `summary` are an integrator's.
    """

    type: ClassVar[EventType] = EventType.AGENT_FINISHED
    role: str = ""
    round: int = 1
    status: AgentStatus = AgentStatus.DONE
    commit: str = ""
    error: str = ""
    turns: int = 0
    paths: tuple[str, ...] = ()
    confidence: float | None = None
    summary: str = ""
