"""A record as `audit list`, `ndjson` and a job's artifacts give it."""

from __future__ import annotations

from devassist.domain.events import Record, Withheld
from devassist.reports.run_document import Json, builtins


def event_document(record: Record) -> Json:
    """The columns of the log, with the fact's fields under `data`."""
    event = record.event
    withheld = isinstance(event.body, Withheld)
    return {
        "seq": record.seq,
        "id": event.id,
        "at": record.at,
        "run": event.run,
        "task": event.task,
        "agent": event.agent,
        "type": str(event.type),
        "parent": event.parent,
        "data": {"$redacted": True} if withheld else builtins(event.body),
    }
