"""The result of one check of the machine or the repository."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    OK = "ok"
    WARN = "warn"
    """Devassist works, but less well than it could."""
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check. `hint` is the next command to type or setting to change; empty if there is none."""

    name: str
    health: Health
    detail: str
    hint: str = ""
    more: tuple[str, ...] = ()
    """Further facts, a sentence each, for a person who asks for them."""
