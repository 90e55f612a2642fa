"""The report of conflicts as contract 6 prints it, in typed values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import UNSET, UnsetType

from devassist.conflicts.text.staleness import Stale
from devassist.domain.conflicts import Conflict, ConflictStatus, Level, Location, Severity, Side

SCHEMA = "devassist.conflicts/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchRecord:
    name: str
    commit: str
    uncommitted: bool | UnsetType = UNSET

    @classmethod
    def of(cls, side: Side) -> BranchRecord:
        return cls(name=side.name, commit=side.tip, uncommitted=side.uncommitted or UNSET)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictRecord:
    """A conflict with its id. A log of another version may have a `kind` that `ConflictKind` lacks."""

    id: str
    level: Level
    kind: str
    severity: Severity
    branches: tuple[str, ...]
    path: str
    symbol: str | None
    locations: tuple[Location, ...]
    explanation: str
    suggestion: str
    status: ConflictStatus

    @classmethod
    def of(cls, conflict: Conflict) -> ConflictRecord:
        return cls(
            id=conflict.id,
            level=conflict.level,
            kind=conflict.kind,
            severity=conflict.severity,
            branches=conflict.branches,
            path=conflict.path,
            symbol=conflict.symbol,
            locations=conflict.locations,
            explanation=conflict.explanation,
            suggestion=conflict.suggestion,
            status=conflict.status,
        )

    @property
    def subject(self) -> str:
        return self.symbol or self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenTests:
    """How many of the `of` test files of a command a merge can break."""

    command: str
    chosen: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictStats:
    """The numbers of a comparison. Those that it did not count are left out of the report."""

    branches: int | UnsetType = UNSET
    pairs: int | UnsetType = UNSET
    pairs_merged: int | UnsetType = UNSET
    seconds: float | UnsetType = UNSET
    commands: int | UnsetType = UNSET
    """Commands that the type and behaviour levels ran."""
    notes: tuple[str, ...] | UnsetType = UNSET
    """Sentences about what could not be determined."""
    tests: tuple[ChosenTests, ...] | UnsetType = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictReport:
    """The report of contract 6. Its order is the order of merging."""

    schema: str = SCHEMA
    base: str
    branches: tuple[BranchRecord, ...]
    conflicts: tuple[ConflictRecord, ...]
    order: tuple[str, ...]
    stats: ConflictStats
    stale: tuple[Stale, ...] | UnsetType = UNSET


def by_severity(conflicts: Sequence[Conflict]) -> tuple[ConflictRecord, ...]:
    """The records of `conflicts`, the worst first, those of one severity in their order."""
    severities = list(Severity)
    ordered = sorted(conflicts, key=lambda conflict: severities.index(conflict.severity))
    return tuple(ConflictRecord.of(conflict) for conflict in ordered)
