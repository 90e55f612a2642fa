"""Events in words: one line each for `logs` and progress, and their JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from devassist.cli.invocation import plain
from devassist.cli.meeting import MEETING, told
from devassist.domain.events import EventType, Record
from devassist.domain.ids import PLANNING


def event_json(record: Record) -> dict[str, Any]:
    """A record as `audit list` and `ndjson` print it."""
    return record.as_json()


def event_line(record: Record) -> str:
    """One event as one plain line."""
    event = record.event
    where = event.agent or event.task or "-"
    return f"{record.seq:>6}  {record.at[11:19]}  {where:<20} {event.type:<20} {describe(record)}"


def describe(record: Record) -> str:
    """What happened, in a few words."""
    data = record.data
    match record.type:
        case EventType.MODEL_CALLED:
            calls = [call["name"] for call in (data.get("reply") or {}).get("tool_calls", ())]
            said = ", ".join(calls) or "text"
            text = f"{data['model']} -> {said}" if data.get("status") == "ok" else str(data.get("error"))
        case EventType.TOOL_CALLED:
            text = f"{data['name']} {data.get('subject', '')} {'ok' if data['ok'] else 'not ok'}"
        case EventType.COMMAND_RAN:
            text = f"{data['command']} -> {data['exit_code']}"
        case EventType.DECISION_MADE:
            text = f"{data['who']}: {data['question']} {data['choice']} ({data['reason']})"
        case EventType.HANDOFF_SUBMITTED:
            text = f"{data['kind']}, confidence {data['confidence']:g}: {data['summary']}"
        case EventType.CLAIM_CHECKED:
            text = f"{data['verdict']}: {data['statement']}"
        case EventType.APPROVAL_DECIDED:
            word = data.get("answer") or data.get("choice")
            text = f"{data['approval']}: {word}, by {data.get('who')} {data.get('reason', '')}"
        case EventType.TASK_FINISHED:
            text = f"{data['status']} {data.get('error') or ''}"
        case EventType.RUN_FINISHED:
            text = f"{data['status']}, exit code {data['exit_code']}"
        case _:
            text = told(record) or _some(data)
    return " ".join(plain(text).split())[:400]


_TELLING = (
    "text",
    "reason",
    "question",
    "goal",
    "title",
    "branch",
    "path",
    "commit",
    "explanation",
    "command",
    "name",
)


def _some(data: Mapping[str, Any]) -> str:
    return next((str(data[key]) for key in _TELLING if data.get(key)), "")


NARRATED = frozenset(
    {
        EventType.RUN_STARTED,
        EventType.PLAN_SUBMITTED,
        EventType.PLAN_REJECTED,
        EventType.TASK_STARTED,
        EventType.ROUND_STARTED,
        EventType.AGENT_STARTED,
        EventType.HANDOFF_SUBMITTED,
        EventType.HANDOFF_RETURNED,
        EventType.COMMIT_CREATED,
        *MEETING,
        EventType.APPROVAL_REQUESTED,
        EventType.APPROVAL_DECIDED,
        EventType.NOTE_DELIVERED,
        EventType.TASK_RETRIED,
        EventType.STOP_REQUESTED,
        EventType.RUN_RESUMED,
        EventType.RECOVERY_UNKNOWN,
        EventType.MERGE_COMPLETED,
        EventType.TASK_FINISHED,
        EventType.WARNING_RAISED,
        EventType.RUN_FINISHED,
    }
)
"""What plain output tells without -v."""


def narrate(record: Record) -> str:
    """A line of plain progress."""
    who = record.event.agent or record.event.task or record.event.run
    task = "planning" if record.event.task == PLANNING and not record.event.agent else who
    return f"{record.at[11:19]} {task}: {record.type} {describe(record)}".rstrip()
