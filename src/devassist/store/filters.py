"""Which events are meant: what the audit commands share, as a value and as SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from devassist.domain.errors import UsageError

_FAILURES = """(type IN ('plan.rejected', 'merge.refused', 'handoff.returned', 'warning.raised')
  OR (type IN ('run.finished', 'task.finished', 'agent.finished', 'model.called')
      AND (json_extract(data, '$.error') <> '' OR json_extract(data, '$.status') IN ('failed', 'error')))
  OR (type = 'tool.called' AND json_extract(data, '$.ok') = 0)
  OR (type = 'command.ran' AND json_extract(data, '$.exit_code') <> 0)
  OR (type = 'claim.checked' AND json_extract(data, '$.verdict') = 'contradicted'))"""

Condition = tuple[str, tuple[str | int, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """
    Empty means any. `types` match by dotted prefix: `model` is every `model.*`.

    `since` is inclusive and `until` exclusive; text is ISO 8601, and without a zone it is UTC. `text` is a
    case-insensitive substring of the data, payloads included. `failures` keeps what went wrong.
    """

    run: str = ""
    task: str = ""
    agent: str = ""
    role: str = ""
    types: Sequence[str] = ()
    since: datetime | str | None = None
    until: datetime | str | None = None
    limit: int | None = None
    after_seq: int = 0
    text: str = ""
    failures: bool = False
    newest_first: bool = False

    def where(self) -> Condition:
        """The condition and its parameters. `text` and `limit` are the reader's, which sees payloads."""
        conditions = list(self._conditions())
        clause = " AND ".join(text for text, _ in conditions) or "1"
        return clause, tuple(value for _, values in conditions for value in values)

    def _conditions(self) -> Iterator[Condition]:
        for column, value in (("run", self.run), ("task", self.task), ("agent", self.agent)):
            if value:
                yield f"{column} = ?", (value,)
        if self.role:
            ending = f"/{self.role}"
            yield "substr(agent, ?) = ?", (-len(ending), ending)
        if self.types:
            # '/' is the character after '.': the range is every longer name, and the index serves it.
            one = "(type = ? OR (type >= ? AND type < ?))"
            bounds = [bound for name in self.types for bound in (name, f"{name}.", f"{name}/")]
            yield f"({' OR '.join([one] * len(self.types))})", tuple(bounds)
        if self.since is not None:
            yield "at >= ?", (_moment(self.since),)
        if self.until is not None:
            yield "at < ?", (_moment(self.until),)
        if self.failures:
            yield _FAILURES, ()


def iso(moment: datetime) -> str:
    """UTC at a fixed width, so that text order is time order. How `events.at` is written."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _moment(value: datetime | str) -> str:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError as error:
        raise UsageError(
            f"{value!r} is not a time", hint="write it as 2026-01-31 or 2026-01-31T12:00:00Z"
        ) from error
    return iso(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
