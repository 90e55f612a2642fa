"""How runs, tasks, agents and model calls stand, why commands run, and what confines them: closed lists."""

from __future__ import annotations

from enum import StrEnum


class RunStatus(StrEnum):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    WAITING = "waiting"
    STOPPED = "stopped"
    LIMITED = "limited"


class TaskStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    DELIVERED = "delivered"
    MERGED = "merged"
    FAILED = "failed"
    STOPPED = "stopped"


class AgentStatus(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Outcome(StrEnum):
    """How a crew's process, and with it a task's work, ended."""

    NONE = ""
    """It has not ended, or the event was about something else."""
    DELIVERED = "delivered"
    FAILED = "failed"
    BROKEN = "broken"
    """The machine is to blame, a full disk for example: the same attempt is worth going on with."""
    LIMITED = "limited"
    WAITING = "waiting"
    STOPPED = "stopped"
    ERROR = "error"
    """The model or its provider failed after all retries."""
    DIVERGED = "diverged"
    """What is recorded of the attempt does not fit any more: it begins anew."""
    DIED = "died"
    UNLANDED = "unlanded"
    """Delivered, but its landing was cut off."""


class CallStatus(StrEnum):
    """How one attempt at a model call ended."""

    OK = "ok"
    ERROR = "error"


class Purpose(StrEnum):
    """Why a command ran."""

    CHECK = "check"
    """An agent's run_checks."""
    COMMAND = "command"
    """An agent's run_command."""
    SETUP = "setup"
    GATE = "gate"
    """A check on the merged tree, before it lands."""
    HELD_OUT = "held-out"
    """A check on the merged tree with the files that judge it as they were before the change."""
    REVIEW = "review"
    """A check on what an agent handed on, for whoever reviews it."""
    BASE = "base"
    """The same check on the base, to hold the other against."""
    LEAK_PROBE = "leak-probe"
    """Whether tests would import the main checkout's code."""
    CONFLICTS = "conflicts"
    """A check on a tree that two branches merge to, outside any run."""
    TYPES = "types"
    """A type checker on such a tree."""


class SandboxTier(StrEnum):
    """What confines a command."""

    ABSENT = ""
    """No sandbox works here, so agents are offered no commands; or the record is not about a command."""
    BUBBLEWRAP = "bubblewrap"
    LANDLOCK = "landlock"
    NONE = "none"
    """Commands run with this user's full rights, which a person has accepted."""
