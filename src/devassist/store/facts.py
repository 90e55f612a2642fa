"""How a fact becomes JSON-shaped data, and how data of any age becomes a fact again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from devassist.domain.errors import AuditError, AuditTampered
from devassist.domain.events import FACTS, Body, EventType, Fact


def to_data(body: Body) -> dict[str, Any]:
    """Every field by its name, as JSON has it. Raises AuditError for what is not JSON."""
    try:
        data: dict[str, Any] = msgspec.to_builtins(body)
    except (TypeError, ValueError) as error:
        raise AuditError(f"the data of a {body.type} event is not JSON: {error}") from error
    return data


def to_fact(type_: EventType, data: Mapping[str, Any]) -> Fact:
    """
    The fact that `data` says; keys of later versions are left out.

    Raises AuditTampered where a value is not what its field may hold.
    """
    upgrade = _UPGRADES.get(type_)
    try:
        return msgspec.convert(data if upgrade is None else upgrade(data), FACTS[type_], strict=False)
    except msgspec.ValidationError as error:
        raise AuditTampered(
            f"the data of a {type_} event does not fit it: {error}",
            hint="see which event with 'devassist audit verify'",
        ) from error


def _warning_raised(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Until 0.1 the log itself wrote `message`."""
    return {"text": data["message"], **data} if "message" in data else data


def _note_posted(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Until 0.1 the sender was `from`, which no field can be called."""
    return {"sender": data["from"], **data} if "from" in data else data


_UPGRADES: Mapping[EventType, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
    EventType.WARNING_RAISED: _warning_raised,
    EventType.NOTE_POSTED: _note_posted,
}
"""What earlier versions wrote, as this one reads it."""
