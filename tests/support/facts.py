"""Facts for tests, from the fields that matter there; a field that its class does not have is an error."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from devassist.domain.events import FACTS, Event, EventType, Fact, Record
from devassist.store.facts import to_data, to_fact


def fact(type_: EventType, **given: Any) -> Fact:
    unknown = set(given) - {field.name for field in fields(FACTS[type_])}
    assert not unknown, f"{FACTS[type_].__name__} has no {sorted(unknown)}"
    return to_fact(type_, given)


def event(type_: EventType, *, run: str = "", task: str = "", agent: str = "", **given: Any) -> Event:
    return Event.of(fact(type_, **given), run=run, task=task, agent=agent)


def record(seq: int, at: str, event_: Event) -> Record:
    """As the log gives it back."""
    assert event_.body is not None
    data = to_data(event_.body)
    whole = Event(**{**{name: getattr(event_, name) for name in Event.__slots__}, "data": data})
    return Record(seq=seq, at=at, event=whole)
