"""Facts for tests, from the fields that matter there; a field that its class does not have is an error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from devassist.domain.events import FACTS, Event, EventType, Fact, Record
from devassist.store.facts import to_data, to_fact


def fact(type_: EventType, **given: Any) -> Fact:
    unknown = set(given) - {field.name for field in fields(FACTS[type_])}
    assert not unknown, f"{FACTS[type_].__name__} has no {sorted(unknown)}"
    return to_fact(type_, given)


def event(
    type_: EventType,
    data: Mapping[str, Any] | None = None,
    *,
    run: str = "",
    task: str = "",
    agent: str = "",
    parent: str = "",
    id: str = "",  # noqa: A002  the column's name
    **given: Any,
) -> Event:
    """An event of this type whose fact has these fields."""
    return Event(fact(type_, **(data or {}), **given), run=run, task=task, agent=agent, parent=parent, id=id)


def data_of(record: Record | Event) -> dict[str, Any]:
    """The fact's fields, as they are stored."""
    fields: dict[str, Any] = json.loads(json.dumps(to_data(record.body)))
    return fields
