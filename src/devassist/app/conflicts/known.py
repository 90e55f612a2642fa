"""The conflicts in the audit log: when each was seen, what changed its status, and waivers."""

from __future__ import annotations

from dataclasses import dataclass, replace

from devassist.app.wiring.project import Project, open_reader
from devassist.app.wiring.recording import open_log
from devassist.domain.conflicts import Conflict, ConflictKind, ConflictStatus
from devassist.domain.errors import NotFound
from devassist.domain.events import ConflictFound, ConflictResolved, DecisionMade, Event
from devassist.store.filters import EventFilter


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownConflict:
    """
    A conflict of the log, as it was found last.

    `first_seen` and `last_seen` are the ISO times of its first and its newest event. `changes` are the changes of its
    status since it was found last, the oldest first.
    """

    latest: ConflictFound
    first_seen: str
    last_seen: str
    changes: tuple[ConflictResolved, ...] = ()

    @property
    def id(self) -> str:
        return self.latest.conflict

    @property
    def branches(self) -> tuple[str, ...]:
        return self.latest.branches

    @property
    def gone(self) -> bool:
        """Whether a later comparison did not find it any more."""
        return any(change.status is ConflictStatus.GONE for change in self.changes)

    @property
    def gone_because(self) -> str:
        """The reason why it is gone; empty if it is not."""
        gone = (change for change in reversed(self.changes) if change.status is ConflictStatus.GONE)
        return next((change.reason for change in gone), "")

    @property
    def decision(self) -> ConflictResolved | None:
        """The newest decision about it: resolved, waived or open again."""
        decided = (change for change in reversed(self.changes) if change.status is not ConflictStatus.GONE)
        return next(decided, None)

    @property
    def status(self) -> ConflictStatus:
        """The decided status, or the one it was found with. A conflict that is gone keeps the status it had before."""
        return self.latest.status if self.decision is None else self.decision.status

    @property
    def resolution(self) -> str:
        """The merge commit that resolves it; empty if it is not resolved."""
        decision = self.decision
        return decision.commit if decision and decision.status is ConflictStatus.RESOLVED else ""

    @property
    def conflict(self) -> Conflict:
        """The conflict itself, with its present status."""
        latest = self.latest
        ours, theirs = latest.branches
        return Conflict(
            level=latest.level,
            kind=ConflictKind(latest.kind),
            severity=latest.severity,
            branches=(ours, theirs),
            path=latest.path,
            symbol=latest.symbol,
            locations=latest.locations,
            explanation=latest.explanation,
            suggestion=latest.suggestion,
            status=self.status,
        )

    def found_again(self, latest: ConflictFound, at: str) -> KnownConflict:
        """The same conflict after it was found again. The decision about it holds if its status is the one found."""
        decision = self.decision
        changes = (decision,) if decision and decision.status is latest.status else ()
        return KnownConflict(latest=latest, first_seen=self.first_seen, last_seen=at, changes=changes)

    def changed(self, change: ConflictResolved, at: str) -> KnownConflict:
        """The same conflict after a change of its status."""
        return replace(self, last_seen=at, changes=(*self.changes, change))


def known_conflicts(project: Project) -> dict[str, KnownConflict]:
    """Every conflict of the log by its id, in the order in which they were found first."""
    known: dict[str, KnownConflict] = {}
    try:
        with open_reader(project) as reader:
            for record in reader.events(EventFilter(types=("conflict",))):
                match record.body:
                    case ConflictFound(conflict=id_) as latest if id_ in known:
                        known[id_] = known[id_].found_again(latest, record.at)
                    case ConflictFound(conflict=id_) as first:
                        known[id_] = KnownConflict(latest=first, first_seen=record.at, last_seen=record.at)
                    case ConflictResolved(conflict=id_) as change if id_ in known:
                        known[id_] = known[id_].changed(change, record.at)
                    case _:
                        continue
    except NotFound:
        return {}
    return known


def find_conflict(project: Project, prefix: str) -> KnownConflict:
    """The known conflict whose id begins with `prefix`. Raises NotFound unless there is exactly one."""
    matching = [known for id_, known in known_conflicts(project).items() if id_.startswith(prefix)]
    if len(matching) != 1:
        fact = (
            f"several conflicts begin with {prefix!r}" if matching else f"no conflict begins with {prefix!r}"
        )
        raise NotFound(fact, hint="devassist conflicts lists them")
    return matching[0]


def waive(project: Project, prefix: str, *, reason: str, who: str) -> KnownConflict:
    """Record that a person accepts a conflict, and return it as it was. It no longer fails a command."""
    known = find_conflict(project, prefix)
    decision = DecisionMade(
        who=f"person {who}",
        question=f"live with {known.id}?",
        options=("waive", "leave open"),
        choice="waive",
        reason=reason,
        confidence=1.0,
    )
    waived = ConflictResolved(
        conflict=known.id, status=ConflictStatus.WAIVED, who=f"person {who}", reason=reason
    )
    with open_log(project) as log:
        (decided,) = log.record(Event(decision))
        log.record(Event(waived, parent=decided.id))
    return known
