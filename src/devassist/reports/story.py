"""What a reviewer wants to know of a run: a fold over its records, beside the run's state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from devassist.domain.events import EventType, Record
from devassist.domain.ids import result_branch, role_of
from devassist.domain.run import RunState
from devassist.reports.parts import CheckRan, Cost, Evidence, Span, Tick, Wait

_TAIL = 4000
"""Characters kept of what a check printed."""


@dataclass(slots=True)
class Story:
    """The fold. `endings` says of conflicts how they ended: their records may belong to no run."""

    state: RunState = field(default_factory=RunState)
    branch: str = ""
    models: Mapping[str, Any] = field(default_factory=dict)
    tasks: dict[str, Evidence] = field(default_factory=dict)
    merges: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """Task -> its landing, in the order of landing."""
    spans: list[Span] = field(default_factory=list)
    ticks: list[Tick] = field(default_factory=list)
    waits: dict[str, Wait] = field(default_factory=dict)
    decisions: list[Mapping[str, Any]] = field(default_factory=list)
    costs: dict[tuple[str, str, str], Cost] = field(default_factory=dict)
    fails_on_base: set[str] = field(default_factory=set)
    endings: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    taken: list[Mapping[str, Any]] = field(default_factory=list)
    """What became of the result afterwards: merged, applied, discarded, pushed, proposed."""
    first_at: str = ""
    last_at: str = ""

    @classmethod
    def of(cls, records: Iterable[Record]) -> Story:
        story = cls()
        for record in records:
            story.apply(record)
        return story

    def apply(self, record: Record) -> None:
        self.state.apply(record)
        if not self.state.finished_at or record.type is EventType.RUN_FINISHED:
            self.first_at = self.first_at or record.at
            self.last_at = record.at
        act = _ACTS.get(record.type)
        if act is not None:
            act(self, record)

    def evidence(self, task: str) -> Evidence:
        return self.tasks.setdefault(task, Evidence())

    def totals(self, place: int) -> dict[str, Cost]:
        """Costs added up by task (0), role (1) or model (2)."""
        found: dict[str, Cost] = {}
        for key, cost in self.costs.items():
            found.setdefault(key[place], Cost()).add(cost)
        return found


def _run_started(story: Story, record: Record) -> None:
    story.branch = record.data.get("branch", "")
    story.models = record.data.get("models", {})


def _agent_started(story: Story, record: Record) -> None:
    _close(story, record, status="left")
    data = record.data
    story.spans.append(
        Span(
            agent=record.event.agent,
            task=record.event.task,
            role=data.get("role", ""),
            round=data.get("round", 1),
            start=record.at,
            model=data.get("model", ""),
        )
    )


def _agent_finished(story: Story, record: Record) -> None:
    _close(story, record, status=str(record.data.get("status", "done")))


def _task_over(story: Story, record: Record) -> None:
    for span in story.spans:
        if span.task == record.event.task and not span.end:
            span.end, span.status = record.at, "cut off"


def _close(story: Story, record: Record, *, status: str) -> None:
    for span in story.spans:
        if span.agent == record.event.agent and not span.end:
            span.end, span.status = record.at, status


def _model_called(story: Story, record: Record) -> None:
    data, event = record.data, record.event
    ok = data.get("status") == "ok"
    usd = data.get("usd")
    model = str(data.get("answered_by") or data.get("model", ""))
    key = (event.task, role_of(event.agent), model)
    story.costs.setdefault(key, Cost()).add(
        Cost(
            calls=1,
            input_tokens=data.get("input_tokens", 0),
            output_tokens=data.get("output_tokens", 0),
            usd=usd or 0.0,
            unpriced=1 if usd is None and ok else 0,
        )
    )
    seconds = data.get("latency_ms", 0.0) / 1000
    text = model if ok else f"{model}: {data.get('error', '')}"
    _tick(story, record, "model", ok=ok, text=text, seconds=seconds)


def _command_ran(story: Story, record: Record) -> None:
    data = record.data
    command, code = data["command"], data["exit_code"]
    seconds = data.get("seconds", 0.0)
    purpose = data.get("purpose", "")
    _tick(story, record, "command", ok=code == 0, text=f"{command} → {code}", seconds=seconds)
    if purpose == "base" and code != 0:
        story.fails_on_base.add(command)
    if purpose != "gate":
        return
    ran = CheckRan(
        command=command,
        exit_code=code,
        seconds=seconds,
        tail=str(data.get("output", ""))[-_TAIL:],
        timed_out=bool(data.get("timed_out")),
    )
    story.evidence(record.event.task).checks[command] = ran


def _tick(story: Story, record: Record, kind: str, *, ok: bool, text: str, seconds: float) -> None:
    event = record.event
    tick = Tick(
        agent=event.agent, task=event.task, at=record.at, kind=kind, ok=ok, text=text, seconds=seconds
    )
    story.ticks.append(tick)


def _handoff_submitted(story: Story, record: Record) -> None:
    found = story.evidence(record.event.task)
    found.summaries[record.event.agent] = record.data.get("summary", "")
    found.claims[record.event.agent] = []


def _claim_checked(story: Story, record: Record) -> None:
    story.evidence(record.event.task).claims.setdefault(record.event.agent, []).append(record.data)


def _commit_created(story: Story, record: Record) -> None:
    found = {**record.data, "agent": record.event.agent}
    story.evidence(record.event.task).commits.append(found)


def _decision_made(story: Story, record: Record) -> None:
    made = {**record.data, "task": record.event.task, "at": record.at}
    story.decisions.append(made)
    if "request_changes" in record.data.get("options", ()):
        story.evidence(record.event.task).verdicts.append(made)


def _approval_requested(story: Story, record: Record) -> None:
    data, event = record.data, record.event
    story.waits[data["approval"]] = Wait(
        id=data["approval"],
        task=event.task,
        agent=event.agent,
        kind=data["kind"],
        question=data["question"],
        start=record.at,
    )


def _approval_decided(story: Story, record: Record) -> None:
    if wait := story.waits.get(record.data["approval"]):
        wait.end = record.at
        wait.choice = str(record.data.get("choice", ""))
        wait.who = str(record.data.get("by") or record.data.get("who", ""))


def _merge_completed(story: Story, record: Record) -> None:
    if record.data.get("ref") == f"refs/heads/{result_branch(story.state.run)}":
        story.merges[record.event.task] = record.data
    else:
        _taken(story, record)


def _conflict_resolved(story: Story, record: Record) -> None:
    story.endings[record.data["conflict"]] = record.data


def _taken(story: Story, record: Record) -> None:
    story.taken.append({**record.data, "type": str(record.type), "at": record.at})


_ACTS: Mapping[EventType, Callable[[Story, Record], None]] = {
    EventType.RUN_STARTED: _run_started,
    EventType.AGENT_STARTED: _agent_started,
    EventType.AGENT_FINISHED: _agent_finished,
    EventType.TASK_FINISHED: _task_over,
    EventType.MODEL_CALLED: _model_called,
    EventType.COMMAND_RAN: _command_ran,
    EventType.HANDOFF_SUBMITTED: _handoff_submitted,
    EventType.CLAIM_CHECKED: _claim_checked,
    EventType.COMMIT_CREATED: _commit_created,
    EventType.DECISION_MADE: _decision_made,
    EventType.APPROVAL_REQUESTED: _approval_requested,
    EventType.APPROVAL_DECIDED: _approval_decided,
    EventType.MERGE_COMPLETED: _merge_completed,
    EventType.CONFLICT_RESOLVED: _conflict_resolved,
    EventType.APPLIED: _taken,
    EventType.DISCARDED: _taken,
    EventType.BRANCH_PUSHED: _taken,
    EventType.PR_OPENED: _taken,
}
