"""Events in words: one line each for `logs` and progress, and their JSON form."""

from __future__ import annotations

from devassist.app.documents import Json, event_document
from devassist.cli.plain_text import first_line, plain
from devassist.cli.view.meeting import MEETING, described
from devassist.cli.view.times import clock
from devassist.domain.events import (
    ApprovalDecided,
    Body,
    ClaimChecked,
    CommandIntended,
    CommandRan,
    DecisionMade,
    EventType,
    HandoffSubmitted,
    ModelCalled,
    Record,
    RunFinished,
    TaskFinished,
    ToolCalled,
    WarningRaised,
)
from devassist.domain.ids import PLANNING
from devassist.domain.statuses import CallStatus, Purpose

_LONGEST_COMMAND = 300


def event_json(record: Record) -> Json:
    """A record as `audit list` and `ndjson` print it."""
    return event_document(record)


def event_line(record: Record) -> str:
    """One event as one plain line."""
    event = record.event
    where = event.agent or event.task or "-"
    return f"{record.seq:>6}  {clock(record.at)}  {where:<20} {event.type:<20} {describe(record)}"


def describe(record: Record) -> str:
    """The event in a few words, without its type."""
    return " ".join(plain(_words(record)).split())[:400]


def _words(record: Record) -> str:
    match record.body:
        case ModelCalled() as call:
            names = [tool.name for tool in call.reply.tool_calls] if call.reply is not None else []
            answered = call.status is CallStatus.OK
            return f"{call.model} -> {', '.join(names) or 'text'}" if answered else str(call.error)
        case ToolCalled() as call:
            return f"{call.name} {call.subject} {'ok' if call.ok else 'not ok'}"
        case CommandIntended() as intended:
            return _command(intended)
        case CommandRan(exit_code=code) as ran:
            return f"{_command(ran)} -> {code}"
        case DecisionMade() as decision:
            return f"{decision.who}: {decision.question} {decision.choice} ({decision.reason})"
        case _:
            return _words_of_tasks(record)


def _command(event: CommandIntended | CommandRan) -> str:
    """The command's first line: what follows may be a whole program, and would push its exit code off the line."""
    if event.purpose is Purpose.LEAK_PROBE:
        return "would tests import the main checkout's code?"
    first, _, rest = event.command.strip().partition("\n")
    return f"{first[:_LONGEST_COMMAND]} ..." if rest or len(first) > _LONGEST_COMMAND else first


def _words_of_tasks(record: Record) -> str:
    match record.body:
        case HandoffSubmitted() as handoff:
            return f"{handoff.kind}, confidence {handoff.confidence:g}: {handoff.summary}"
        case ClaimChecked(verdict=verdict, statement=statement):
            return f"{verdict}: {statement}"
        case ApprovalDecided() as decided:
            word = decided.answer or decided.choice
            return f"{decided.approval}: {word}, by {decided.who} {decided.reason}"
        case TaskFinished(status=status, error=error):
            return f"{status} {first_line(error)}"  # the end of a run shows the rest
        case RunFinished(status=status, exit_code=code):
            return f"{status}, exit code {code}"
        case _:
            return described(record) or _first_text(record.body)


_DESCRIPTIVE = (
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


def _first_text(body: Body) -> str:
    return next((str(value) for name in _DESCRIPTIVE if (value := getattr(body, name, None))), "")


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
"""The types of events that plain output prints without -v."""


def narrate(record: Record) -> str:
    """A line of plain progress."""
    who = record.event.agent or record.event.task or record.event.run
    task = "planning" if record.event.task == PLANNING and not record.event.agent else who
    body = record.body
    words = plain(first_line(body.text)) if isinstance(body, WarningRaised) else describe(record)
    return f"{clock(record.at)} {task}: {record.type} {words}".rstrip()
