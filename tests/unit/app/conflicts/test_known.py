"""A conflict of the log: its status from the decisions about it, and how long these hold."""

from __future__ import annotations

from dataclasses import replace

from devassist.app.conflicts.known import KnownConflict
from devassist.domain.conflicts import ConflictKind, ConflictStatus
from devassist.domain.events import ConflictFound, ConflictResolved

FOUND = ConflictFound(conflict="c-1", id="c-1", kind="content", branches=("x", "y"), path="a.py")
KNOWN = KnownConflict(latest=FOUND, first_seen="1", last_seen="1")


def change(status: ConflictStatus, **more: str) -> ConflictResolved:
    return ConflictResolved(conflict="c-1", status=status, **more)


def test_a_conflict_without_a_decision_has_the_status_it_was_found_with() -> None:
    assert (KNOWN.status, KNOWN.gone, KNOWN.decision) == (ConflictStatus.OPEN, False, None)
    assert KNOWN.conflict.kind is ConflictKind.CONTENT
    assert KNOWN.conflict.branches == ("x", "y")


def test_the_newest_decision_gives_the_status() -> None:
    known = KNOWN.changed(change(ConflictStatus.RESOLVED, commit="abc"), "2")
    assert (known.status, known.resolution, known.last_seen) == (ConflictStatus.RESOLVED, "abc", "2")
    assert known.conflict.status is ConflictStatus.RESOLVED
    reopened = known.changed(change(ConflictStatus.OPEN), "3")
    assert (reopened.status, reopened.resolution) == (ConflictStatus.OPEN, "")


def test_a_conflict_that_is_gone_keeps_the_decision_about_it() -> None:
    known = KNOWN.changed(change(ConflictStatus.WAIVED), "2")
    gone = known.changed(change(ConflictStatus.GONE, reason="y holds x now"), "3")
    assert (gone.gone, gone.gone_because, gone.status) == (True, "y holds x now", ConflictStatus.WAIVED)


def test_a_conflict_that_is_found_again_is_not_gone_and_first_seen_when_it_was() -> None:
    again = KNOWN.changed(change(ConflictStatus.GONE), "2").found_again(FOUND, "3")
    assert (again.gone, again.gone_because) == (False, "")
    assert (again.first_seen, again.last_seen) == ("1", "3")


def test_a_decision_holds_for_a_conflict_that_is_found_with_its_status() -> None:
    waived = KNOWN.changed(change(ConflictStatus.WAIVED, who="me"), "2")
    kept = waived.found_again(replace(FOUND, status=ConflictStatus.WAIVED), "3")
    assert kept.decision is not None
    assert kept.decision.who == "me"
    assert waived.found_again(FOUND, "3").decision is None
