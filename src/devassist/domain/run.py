"""What a run looks like now: a fold over its records. Every view and every resume reads this."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from devassist.domain.events import EventType, Record
from devassist.domain.ids import PLANNING, result_branch, role_of
from devassist.domain.tasks import AgentState, TaskState, TaskStatus


class RunStatus(StrEnum):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    WAITING = "waiting"
    STOPPED = "stopped"
    LIMITED = "limited"


@dataclass(slots=True)
class RunState:
    """The fold. `apply` takes records in order; stopping and going on anywhere ends in the same state."""

    run: str = ""
    status: RunStatus = RunStatus.RUNNING
    exit_code: int = 0
    goal: str = ""
    base: str = ""
    started_at: str = ""
    finished_at: str = ""
    result_commit: str | None = None
    plan: Mapping[str, Any] | None = None
    tasks: dict[str, TaskState] = field(default_factory=dict)
    conflicts: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    waiting: dict[str, dict[str, Any]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    model_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0
    unpriced: int = 0
    wall_s: float = 0.0
    report: str = ""
    error: str = ""
    hint: str = ""
    """What to do about `error`."""
    last_seq: int = 0
    limits: Mapping[str, Any] = field(default_factory=dict)
    notes: list[Mapping[str, Any]] = field(default_factory=list)
    sandbox: str = ""
    discarded: bool = False
    rescued: dict[str, str] = field(default_factory=dict)
    """Agent -> the ref that holds its uncommitted work."""

    @classmethod
    def fold(cls, records: Iterable[Record]) -> RunState:
        state = cls()
        for record in records:
            state.apply(record)
        return state

    def apply(self, record: Record) -> None:
        self.last_seq = record.seq
        act = _ACTS.get(record.type)
        if act is not None:
            act(self, record)

    def task(self, record: Record) -> TaskState | None:
        name = record.event.task
        if name == PLANNING and name not in self.tasks:
            self.tasks[name] = TaskState(id=name, title="plan the goal", role="orchestrator")
        return self.tasks.get(name)

    def agent(self, record: Record) -> AgentState | None:
        task = self.task(record)
        if task is None or not record.event.agent:
            return None
        role = role_of(record.event.agent)
        return task.agents.setdefault(role, AgentState(role=role))

    def work(self) -> list[TaskState]:
        """The plan's tasks, without the planning itself."""
        return [task for task in self.tasks.values() if task.id != PLANNING]

    def as_json(self) -> dict[str, Any]:
        """The document of contract 5."""
        return {
            "schema": "devassist.run/1",
            "run": self.run,
            "status": str(self.status),
            "exit_code": self.exit_code,
            "goal": self.goal,
            "base": self.base,
            "result_branch": result_branch(self.run),
            "result_commit": self.result_commit,
            "tasks": [task.as_json() for task in self.work()],
            "conflicts": list(self.conflicts),
            "waiting": list(self.waiting.values()),
            "usage": self.usage(),
            "wall_s": round(self.wall_s, 3),
            "report": self.report,
            "error": self.error or None,
            "hint": self.hint or None,
            "warnings": list(self.warnings),
        }

    def usage(self) -> dict[str, Any]:
        return {
            "model_calls": self.model_calls,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "usd": round(self.usd, 6),
            "unpriced_calls": self.unpriced,
        }


def _run_started(state: RunState, record: Record) -> None:
    data = record.data
    state.run = record.event.run
    state.goal = data.get("goal", "")
    state.base = data.get("base", "")
    state.started_at = record.at
    state.limits = data.get("settings", {}).get("limits", {})
    state.sandbox = data.get("sandbox", "")


def _run_finished(state: RunState, record: Record) -> None:
    data = record.data
    state.status = RunStatus(data["status"])
    state.exit_code = data.get("exit_code", 0)
    state.result_commit = data.get("result_commit")
    state.wall_s = data.get("wall_s", 0.0)
    state.report = data.get("report", "")
    state.error = data.get("error", "")
    state.hint = data.get("hint", "")
    state.finished_at = record.at


def _run_resumed(state: RunState, record: Record) -> None:
    state.status = RunStatus.RUNNING
    state.finished_at = ""
    state.limits = record.data.get("settings", {}).get("limits", state.limits)


def _plan_submitted(state: RunState, record: Record) -> None:
    state.plan = record.data["plan"]
    state.goal = state.goal or state.plan.get("goal", "")
    for entry in state.plan["tasks"]:
        state.tasks.setdefault(
            entry["id"], TaskState(id=entry["id"], title=entry["title"], role=entry["role"])
        )


def _task_started(state: RunState, record: Record) -> None:
    if task := state.task(record):
        task.status = TaskStatus.RUNNING
        task.started_at = task.started_at or record.at


def _task_delivered(state: RunState, record: Record) -> None:
    if task := state.task(record):
        task.status = TaskStatus.DELIVERED
        task.confidence = record.data.get("confidence")
        task.commit = record.data.get("commit", "")


def _task_finished(state: RunState, record: Record) -> None:
    if task := state.task(record):
        task.status = TaskStatus(record.data["status"])
        task.error = record.data.get("error") or None
        task.finished_at = record.at
        if record.data.get("confidence") is not None:
            task.confidence = record.data["confidence"]


def _round_started(state: RunState, record: Record) -> None:
    if task := state.task(record):
        task.rounds = record.data["round"]


def _agent_started(state: RunState, record: Record) -> None:
    if agent := state.agent(record):
        agent.branch = record.data.get("branch", "")
        agent.worktree = record.data.get("worktree", "")
        agent.commit = record.data.get("commit", agent.commit)
        agent.status = "running"
        agent.last_action = "started"


def _agent_finished(state: RunState, record: Record) -> None:
    if agent := state.agent(record):
        agent.status = record.data.get("status", "done")
        agent.commit = record.data.get("commit") or agent.commit
        agent.last_action = agent.status


def _model_called(state: RunState, record: Record) -> None:
    data = record.data
    usd = data.get("usd")
    state.model_calls += 1
    state.input_tokens += data.get("input_tokens", 0)
    state.output_tokens += data.get("output_tokens", 0)
    state.usd += usd or 0.0
    state.unpriced += 1 if usd is None and data.get("status") == "ok" else 0
    if agent := state.agent(record):
        agent.turns += 1 if data.get("status") == "ok" else 0
        agent.input_tokens += data.get("input_tokens", 0)
        agent.output_tokens += data.get("output_tokens", 0)
        agent.usd += usd or 0.0
        agent.last_action = (
            "thought" if data.get("status") == "ok" else f"model error: {data.get('error', '')}"
        )


def _model_intended(state: RunState, record: Record) -> None:
    if agent := state.agent(record):
        agent.last_action = "asking the model"


def _tool_called(state: RunState, record: Record) -> None:
    if agent := state.agent(record):
        agent.last_action = f"{record.data['name']} {record.data.get('subject', '')}".strip()


def _command_intended(state: RunState, record: Record) -> None:
    if agent := state.agent(record):
        agent.last_action = f"runs {record.data['command']}"


def _command_ran(state: RunState, record: Record) -> None:
    task = state.task(record)
    if task is not None and record.data.get("purpose") == "gate":
        task.checks[record.data["command"]] = record.data["exit_code"]


def _handoff_submitted(state: RunState, record: Record) -> None:
    if agent := state.agent(record):
        agent.claims = {}


def _claim_checked(state: RunState, record: Record) -> None:
    if agent := state.agent(record):
        verdict = record.data["verdict"]
        agent.claims[verdict] = agent.claims.get(verdict, 0) + 1


def _commit_created(state: RunState, record: Record) -> None:
    if agent := state.agent(record):
        agent.commit = record.data["commit"]


def _conflict_found(state: RunState, record: Record) -> None:
    state.conflicts[record.data["conflict"]] = record.data


def _conflict_resolved(state: RunState, record: Record) -> None:
    found = state.conflicts.get(record.data["conflict"])
    if found is not None:
        state.conflicts[record.data["conflict"]] = {**found, "status": record.data["status"]}


def _approval_requested(state: RunState, record: Record) -> None:
    data = record.data
    state.waiting[data["approval"]] = {
        "id": data["approval"],
        "kind": data["kind"],
        "question": data["question"],
        "task": record.event.task,
    }
    task = state.task(record)
    if task is not None and task.status in (TaskStatus.RUNNING, TaskStatus.DELIVERED):
        task.status = TaskStatus.WAITING


def _approval_decided(state: RunState, record: Record) -> None:
    state.waiting.pop(record.data["approval"], None)


def _merge_completed(state: RunState, record: Record) -> None:
    if record.data.get("ref") != f"refs/heads/{result_branch(state.run)}":
        return  # taken over into a branch of the person's: the run itself is as it was
    state.result_commit = record.data["commit"]
    if task := state.task(record):
        task.status = TaskStatus.MERGED


def _warning_raised(state: RunState, record: Record) -> None:
    state.warnings.append(record.data.get("text") or record.data.get("message", ""))


def _note_posted(state: RunState, record: Record) -> None:
    state.notes.append(
        {"at": record.at, "agent": record.event.agent, "task": record.event.task, **record.data}
    )


def _snapshot_taken(state: RunState, record: Record) -> None:
    state.rescued[record.event.agent] = record.data["ref"]


def _discarded(state: RunState, _record: Record) -> None:
    state.discarded = True


_ACTS: Mapping[EventType, Callable[[RunState, Record], None]] = {
    EventType.RUN_STARTED: _run_started,
    EventType.RUN_RESUMED: _run_resumed,
    EventType.RUN_FINISHED: _run_finished,
    EventType.PLAN_SUBMITTED: _plan_submitted,
    EventType.TASK_STARTED: _task_started,
    EventType.TASK_DELIVERED: _task_delivered,
    EventType.TASK_FINISHED: _task_finished,
    EventType.ROUND_STARTED: _round_started,
    EventType.AGENT_STARTED: _agent_started,
    EventType.AGENT_FINISHED: _agent_finished,
    EventType.MODEL_INTENDED: _model_intended,
    EventType.MODEL_CALLED: _model_called,
    EventType.TOOL_CALLED: _tool_called,
    EventType.COMMAND_INTENDED: _command_intended,
    EventType.COMMAND_RAN: _command_ran,
    EventType.HANDOFF_SUBMITTED: _handoff_submitted,
    EventType.CLAIM_CHECKED: _claim_checked,
    EventType.COMMIT_CREATED: _commit_created,
    EventType.CONFLICT_FOUND: _conflict_found,
    EventType.CONFLICT_RESOLVED: _conflict_resolved,
    EventType.APPROVAL_REQUESTED: _approval_requested,
    EventType.APPROVAL_DECIDED: _approval_decided,
    EventType.MERGE_COMPLETED: _merge_completed,
    EventType.WARNING_RAISED: _warning_raised,
    EventType.NOTE_POSTED: _note_posted,
    EventType.SNAPSHOT_TAKEN: _snapshot_taken,
    EventType.DISCARDED: _discarded,
}
