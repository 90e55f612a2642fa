"""What can happen: the closed list of event types and the values that carry them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class EventType(StrEnum):
    """Dotted past tense. `.intended` is recorded before an act that a crash could cut in two."""

    RUN_STARTED = "run.started"
    RUN_RESUMED = "run.resumed"
    RUN_BEAT = "run.beat"
    RUN_UNDONE = "run.undone"
    UNDO_INTENDED = "run.undo.intended"
    RUN_FINISHED = "run.finished"
    PLAN_SUBMITTED = "plan.submitted"
    PLAN_REJECTED = "plan.rejected"
    TASK_STARTED = "task.started"
    TASK_DELIVERED = "task.delivered"
    TASK_FINISHED = "task.finished"
    TASK_RETRIED = "task.retried"
    ROUND_STARTED = "round.started"
    WORKER_STARTED = "worker.started"
    WORKER_EXITED = "worker.exited"
    WORKTREE_INTENDED = "worktree.intended"
    WORKTREE_OPENED = "worktree.opened"
    WORKTREE_FURNISHED = "worktree.furnished"
    WORKTREE_REMOVED = "worktree.removed"
    WORKTREE_KEPT = "worktree.kept"
    SETUP_RAN = "setup.ran"
    AGENT_STARTED = "agent.started"
    AGENT_FINISHED = "agent.finished"
    MODEL_INTENDED = "model.intended"
    MODEL_CALLED = "model.called"
    TOOL_INTENDED = "tool.intended"
    TOOL_CALLED = "tool.called"
    COMMAND_INTENDED = "command.intended"
    COMMAND_RAN = "command.ran"
    HANDOFF_SUBMITTED = "handoff.submitted"
    HANDOFF_RETURNED = "handoff.returned"
    CLAIM_CHECKED = "claim.checked"
    NOTE_POSTED = "note.posted"
    NOTE_DELIVERED = "note.delivered"
    COMMIT_INTENDED = "commit.intended"
    COMMIT_CREATED = "commit.created"
    CONFLICT_FOUND = "conflict.found"
    CONFLICT_RESOLVED = "conflict.resolved"
    BRANCH_REBASED = "branch.rebased"
    BRANCH_STALED = "branch.staled"
    DECISION_MADE = "decision.made"
    APPROVAL_REQUESTED = "approval.requested"
    APPROVAL_DECIDED = "approval.decided"
    MERGE_INTENDED = "merge.intended"
    MERGE_APPROVED = "merge.approved"
    MERGE_COMPLETED = "merge.completed"
    MERGE_REFUSED = "merge.refused"
    SNAPSHOT_TAKEN = "snapshot.taken"
    STOP_REQUESTED = "stop.requested"
    WARNING_RAISED = "warning.raised"
    REPOSITORY_CHECKED = "repository.checked"
    CHECKPOINT_MADE = "checkpoint.made"
    DISCARDED = "run.discarded"
    APPLIED = "run.applied"
    PR_INTENDED = "pr.intended"
    BRANCH_PUSHED = "branch.pushed"
    PR_OPENED = "pr.opened"
    PR_REFUSED = "pr.refused"
    RECOVERY_DONE = "recovery.completed"
    RECOVERY_UNKNOWN = "recovery.unknown"
    RECOVERY_DIVERGED = "recovery.diverged"
    LESSON_LEARNED = "lesson.learned"
    REDACTED = "redaction.recorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """
    Something that happened, not yet durable.

    `data` is JSON-shaped. An empty `id` is given by the writer; tool calls bring their own, because
    the id is the evidence that claims cite. `agent` is `<task>/<role>`; planning uses `plan/<role>`.
    """

    type: EventType
    run: str = ""
    task: str = ""
    agent: str = ""
    parent: str = ""
    id: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A durable event: its place in the chain and the time the writer gave it (ISO 8601, UTC)."""

    seq: int
    at: str
    event: Event
    hash: bytes = b""

    @property
    def id(self) -> str:
        return self.event.id

    @property
    def type(self) -> EventType:
        return self.event.type

    @property
    def data(self) -> Mapping[str, Any]:
        return self.event.data

    def as_json(self) -> dict[str, Any]:
        """The record as `audit list` and `ndjson` give it."""
        event = self.event
        return {
            "seq": self.seq,
            "id": event.id,
            "at": self.at,
            "run": event.run,
            "task": event.task,
            "agent": event.agent,
            "type": str(event.type),
            "parent": event.parent,
            "data": event.data,
        }
