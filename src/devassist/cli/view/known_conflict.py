"""A conflict of the log as JSON and as text, with the decision about it."""

from __future__ import annotations

from collections.abc import Iterator

from devassist.app.conflicts.known import KnownConflict
from devassist.app.documents import Json, builtins
from devassist.cli.view.times import day_and_time
from devassist.domain.conflicts import ConflictStatus


def known_document(known: KnownConflict) -> Json:
    """The conflict as it was found last, changed by what happened since, the oldest change first."""
    document = {
        **builtins(known.latest),
        "first_seen": known.first_seen,
        "last_seen": known.last_seen,
        "gone": False,
    }
    for change in known.changes:
        if change.status is ConflictStatus.GONE:
            document |= {"gone": True, "gone_because": change.reason}
        else:
            filled = {name: value for name, value in builtins(change).items() if value}
            document |= {"status": change.status, "ended": filled}
    return document


def known_lines(known: KnownConflict) -> Iterator[str]:
    """The conflict in lines of text: facts, times, and the decision about it."""
    latest = known.latest
    yield f"conflict: {known.id}"
    yield f"severity: {latest.severity}"
    yield f"level: {latest.level}"
    yield f"kind: {latest.kind}"
    yield f"status: gone ({known.status} before)" if known.gone else f"status: {known.status}"
    yield f"first_seen: {day_and_time(known.first_seen)}"
    yield f"last_seen: {day_and_time(known.last_seen)}"
    yield f"explanation: {latest.explanation}"
    yield f"suggestion: {latest.suggestion}"
    if known.gone:
        yield f"gone because: {known.gone_because}"
    yield from _decision_lines(known)


def _decision_lines(known: KnownConflict) -> Iterator[str]:
    """Who waived or resolved it, why and how, and the lines that were dropped."""
    decision = known.decision
    if decision is None or decision.status is ConflictStatus.OPEN:
        return
    yield f"{decision.status} by: {decision.who}"
    yield f"reason: {decision.reason}"
    if decision.commit:
        yield f"how: {decision.how} {decision.choice}".rstrip()
        yield f"commit: {decision.commit}"
    for line in decision.dropped:
        yield f"dropped: {line.path}:{line.line} of {line.branch}: {line.text}"
