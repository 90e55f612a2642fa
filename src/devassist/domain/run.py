"""What a run looks like now: a fold over its records. Every view and every resume reads this."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from devassist.domain.approvals import ApprovalState, ApprovalStatus
from devassist.domain.events import EventType, Record
from devassist.domain.ids import PLANNING, result_branch, role_of
from devassist.domain.sessions import Session
from devassist.domain.statuses import RunStatus, TaskStatus
from devassist.domain.tasks import AGENT_ACTS, TASK_ACTS, AgentState, TaskState


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
    plan_source: str = ""
    plan_confidence: float | None = None
    tasks: dict[str, TaskState] = field(default_factory=dict)
    conflicts: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    approvals: dict[str, ApprovalState] = field(default_factory=dict)
    """Every request for a person's word, open and decided."""
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
    sessions: list[Session] = field(default_factory=list)
    """One per supervisor that has owned the run, the present one last."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What run.started recorded: settings, models, versions, where everything lies."""
    limits: Mapping[str, Any] = field(default_factory=dict)
    notes: list[Mapping[str, Any]] = field(default_factory=list)
    delivered: set[str] = field(default_factory=set)
    """Ids of the notes that an agent has been told."""
    sandbox: str = ""
    discarded: bool = False
    undone: bool = False
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
        if self.sessions and not self.sessions[-1].ended_at:
            self.sessions[-1].seen(record.at)
        if act := _ACTS.get(record.type):
            act(self, record)
        if (of_task := TASK_ACTS.get(record.type)) and (task := self.task(record)):
            of_task(task, record)
        if (of_agent := AGENT_ACTS.get(record.type)) and (agent := self.agent(record)):
            of_agent(agent, record)

    @property
    def waiting(self) -> dict[str, dict[str, Any]]:
        """The requests that nobody has answered yet, as contract 5 shows them."""
        return {one.id: one.as_json() for one in self.approvals.values() if one.status is ApprovalStatus.OPEN}

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
            # None as long as it runs: a document that is left behind by a crash never reads as success.
            "exit_code": None if self.status is RunStatus.RUNNING else self.exit_code,
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
    state.sessions = [Session.of(record)]
    state.facts = data
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
    if state.sessions:
        state.sessions[-1].ended_at = record.at


def _run_resumed(state: RunState, record: Record) -> None:
    state.status = RunStatus.RUNNING
    state.finished_at = state.error = state.hint = ""
    state.exit_code = 0
    state.sessions.append(Session.of(record))
    state.limits = record.data.get("settings", {}).get("limits", state.limits)


def _plan_submitted(state: RunState, record: Record) -> None:
    state.plan = record.data["plan"]
    state.plan_source = record.data.get("source", "")
    state.plan_confidence = record.data.get("confidence")
    state.goal = state.goal or state.plan.get("goal", "")
    known = state.tasks  # a plan that a person edited replaces the one before
    state.tasks = {PLANNING: known[PLANNING]} if PLANNING in known else {}
    for entry in state.plan["tasks"]:
        id_, title, role = entry["id"], entry["title"], entry["role"]
        state.tasks[id_] = known.get(id_) or TaskState(id=id_, title=title, role=role)
        state.tasks[id_].title, state.tasks[id_].role = title, role


def _model_called(state: RunState, record: Record) -> None:
    data = record.data
    usd = data.get("usd")
    state.model_calls += 1
    state.input_tokens += data.get("input_tokens", 0)
    state.output_tokens += data.get("output_tokens", 0)
    state.usd += usd or 0.0
    state.unpriced += 1 if usd is None and data.get("status") == "ok" else 0


def _conflict_found(state: RunState, record: Record) -> None:
    state.conflicts[record.data["conflict"]] = record.data


def _conflict_resolved(state: RunState, record: Record) -> None:
    known = state.conflicts.pop(record.data["conflict"], None)
    if known is not None and record.data.get("status") != "gone":
        state.conflicts[record.data["conflict"]] = {**known, "status": record.data["status"]}


def _approval_requested(state: RunState, record: Record) -> None:
    asked = ApprovalState.asked(record)
    state.approvals[asked.id] = asked
    task = state.task(record)
    if task is not None and task.status in (TaskStatus.RUNNING, TaskStatus.DELIVERED):
        task.status = TaskStatus.WAITING


def _approval_decided(state: RunState, record: Record) -> None:
    if asked := state.approvals.get(record.data["approval"]):
        asked.decide(record)
        task = state.tasks.get(asked.task)
        if task is not None and task.id == PLANNING and task.status is TaskStatus.WAITING:
            task.status = TaskStatus.DELIVERED


def _merge_completed(state: RunState, record: Record) -> None:
    if record.data.get("ref") != f"refs/heads/{result_branch(state.run)}":
        state.undone = False
        return  # taken over into a branch of the person's: the run itself is as it was
    state.result_commit = record.data["commit"]
    if task := state.task(record):
        task.status = TaskStatus.MERGED


def _warning_raised(state: RunState, record: Record) -> None:
    state.warnings.append(record.data.get("text") or record.data.get("message", ""))


def _note_posted(state: RunState, record: Record) -> None:
    state.notes.append(
        {
            "id": record.id,
            "at": record.at,
            "agent": record.event.agent,
            "task": record.event.task,
            **record.data,
        }
    )


def _note_delivered(state: RunState, record: Record) -> None:
    state.delivered.update(record.data["notes"])


def _snapshot_taken(state: RunState, record: Record) -> None:
    state.rescued[record.event.agent] = record.data["ref"]


def _discarded(state: RunState, _record: Record) -> None:
    state.discarded = True


def _applied(state: RunState, _record: Record) -> None:
    state.undone = False


def _undone(state: RunState, _record: Record) -> None:
    state.undone = True


_ACTS: Mapping[EventType, Callable[[RunState, Record], None]] = {
    EventType.RUN_STARTED: _run_started,
    EventType.RUN_RESUMED: _run_resumed,
    EventType.RUN_FINISHED: _run_finished,
    EventType.PLAN_SUBMITTED: _plan_submitted,
    EventType.MODEL_CALLED: _model_called,
    EventType.CONFLICT_FOUND: _conflict_found,
    EventType.CONFLICT_RESOLVED: _conflict_resolved,
    EventType.APPROVAL_REQUESTED: _approval_requested,
    EventType.APPROVAL_DECIDED: _approval_decided,
    EventType.MERGE_COMPLETED: _merge_completed,
    EventType.WARNING_RAISED: _warning_raised,
    EventType.NOTE_POSTED: _note_posted,
    EventType.NOTE_DELIVERED: _note_delivered,
    EventType.SNAPSHOT_TAKEN: _snapshot_taken,
    EventType.DISCARDED: _discarded,
    EventType.APPLIED: _applied,
    EventType.RUN_UNDONE: _undone,
}
