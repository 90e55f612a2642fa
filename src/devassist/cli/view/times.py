"""Times for people: local, with their zone. JSON has UTC."""

from __future__ import annotations

from datetime import datetime


def clock(at: str) -> str:
    """`13:46:44 CEST` for a time of the log."""
    return _local(at, "%H:%M:%S %Z", at[11:19])


def day_and_time(at: str) -> str:
    """`2026-11-29 13:46 CEST` for a time of the log."""
    return _local(at, "%Y-%m-%d %H:%M %Z", at[:16])


def _local(at: str, form: str, otherwise: str) -> str:
    try:
        return datetime.fromisoformat(at).astimezone().strftime(form).strip()
    except ValueError:
        return otherwise
