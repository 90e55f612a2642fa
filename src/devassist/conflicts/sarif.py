"""A report of conflicts as SARIF 2.1.0, for code scanning: a rule per kind, a result per conflict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from urllib.parse import quote

import msgspec
from msgspec import UNSET, UnsetType

from devassist.conflicts.outputs import BranchRecord, ConflictRecord, ConflictReport, ConflictStats
from devassist.domain.conflicts import ConflictKind, ConflictStatus, Level, Location, Severity

SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_RULES: Mapping[str, tuple[Severity, str]] = {
    ConflictKind.CONTENT: (Severity.ERROR, "Both branches change the same lines of a file"),
    ConflictKind.ADD_ADD: (Severity.ERROR, "Both branches add a file of this name with different content"),
    ConflictKind.MODIFY_DELETE: (Severity.ERROR, "One branch changes what the other deletes"),
    ConflictKind.RENAME_DELETE: (Severity.ERROR, "One branch renames what the other deletes"),
    ConflictKind.RENAME_RENAME: (Severity.ERROR, "Both branches rename, to different names or onto one name"),
    ConflictKind.DIRECTORY_FILE: (Severity.ERROR, "One branch has a directory where the other has a file"),
    ConflictKind.BINARY: (Severity.ERROR, "Both branches change a binary file"),
    ConflictKind.SUBMODULE: (Severity.ERROR, "Both branches move a submodule"),
    ConflictKind.MODE: (Severity.ERROR, "The branches give a file different modes or types"),
    ConflictKind.REMOVED_SYMBOL_USED: (Severity.ERROR, "One branch uses a symbol that the other removes"),
    ConflictKind.RENAMED_SYMBOL_USED: (Severity.ERROR, "One branch uses a symbol that the other renames"),
    ConflictKind.MOVED_SYMBOL_USED: (
        Severity.ERROR,
        "One branch uses a symbol from where the other moves it away",
    ),
    ConflictKind.SIGNATURE_CHANGED_CALLED: (
        Severity.ERROR,
        "One branch calls a function whose signature the other changes",
    ),
    ConflictKind.DUPLICATE_DEFINITION: (Severity.ERROR, "Both branches add a definition of the same name"),
    ConflictKind.SAME_SYMBOL_EDITED: (
        Severity.WARNING,
        "Both branches edit the same function in different lines",
    ),
    ConflictKind.OVERRIDE_MISMATCH: (
        Severity.ERROR,
        "One branch changes what the other newly overrides or implements",
    ),
    ConflictKind.DUPLICATE_WORK: (Severity.WARNING, "Both branches add nearly the same function"),
    ConflictKind.DEPENDENCY_CLASH: (
        Severity.ERROR,
        "The branches ask for versions of a package that exclude each other",
    ),
    ConflictKind.MIGRATION_COLLISION: (Severity.ERROR, "Both branches add the next migration"),
    ConflictKind.LOCKFILE_STALE: (Severity.WARNING, "A lock file that must be made anew, not merged as text"),
    ConflictKind.DUPLICATE_ROUTE: (Severity.ERROR, "Both branches answer the same method and path"),
    ConflictKind.DUPLICATE_COMMAND: (Severity.ERROR, "Both branches define a command of the same name"),
    ConflictKind.FIELD_NUMBER_CLASH: (
        Severity.ERROR,
        "Both branches use a field number of a message for different fields",
    ),
    ConflictKind.DEFAULT_DIFFERS: (Severity.WARNING, "The branches give a setting different values"),
    ConflictKind.NEW_DIAGNOSTIC: (
        Severity.ERROR,
        "The type checker objects to the merged tree, but to neither branch",
    ),
    ConflictKind.CHECKS_FAIL_MERGED: (
        Severity.ERROR,
        "Checks that pass on each branch fail on the merged tree",
    ),
}


class _Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An object of SARIF; its keys are in camel case."""


class Message(_Part, frozen=True, kw_only=True):
    text: str


class Artifact(_Part, frozen=True, kw_only=True):
    uri: str
    uri_base_id: Literal["%SRCROOT%"] = "%SRCROOT%"


class Region(_Part, frozen=True, kw_only=True):
    start_line: int
    end_line: int


class PhysicalLocation(_Part, frozen=True, kw_only=True):
    artifact_location: Artifact
    region: Region | UnsetType = UNSET


class Place(_Part, frozen=True, kw_only=True):
    id: int | UnsetType = UNSET
    physical_location: PhysicalLocation
    message: Message | UnsetType = UNSET


class Configuration(_Part, frozen=True, kw_only=True):
    level: Severity


class RuleProperties(_Part, frozen=True, kw_only=True):
    tags: tuple[str, ...] = ("merge-conflict",)


class Rule(_Part, frozen=True, kw_only=True):
    id: str
    name: str
    short_description: Message
    full_description: Message
    default_configuration: Configuration
    properties: RuleProperties = RuleProperties()


class Fingerprints(msgspec.Struct, frozen=True):
    id: str = msgspec.field(name="devassist/conflict/v1")


class PartialFingerprints(msgspec.Struct, frozen=True):
    id: str = msgspec.field(name="devassistConflict/v1")


class ResultProperties(_Part, frozen=True, kw_only=True):
    conflict_level: Level
    branches: tuple[str, ...]
    symbol: str | None
    status: ConflictStatus


class Suppression(_Part, frozen=True, kw_only=True):
    kind: Literal["external"] = "external"
    status: Literal["accepted"] = "accepted"


class Result(_Part, frozen=True, kw_only=True):
    rule_id: str
    rule_index: int
    level: Severity
    message: Message
    locations: tuple[Place, ...]
    fingerprints: Fingerprints
    partial_fingerprints: PartialFingerprints
    properties: ResultProperties
    related_locations: tuple[Place, ...] | UnsetType = UNSET
    suppressions: tuple[Suppression, ...] | UnsetType = UNSET


class Driver(_Part, frozen=True, kw_only=True):
    name: Literal["devassist conflicts"] = "devassist conflicts"
    rules: tuple[Rule, ...]


class Tool(_Part, frozen=True, kw_only=True):
    driver: Driver


class AutomationDetails(_Part, frozen=True, kw_only=True):
    id: Literal["devassist/conflicts/"] = "devassist/conflicts/"


class RunProperties(_Part, frozen=True, kw_only=True, rename=None):
    """The parts of the report that SARIF has no place for, under the report's own names."""

    base: str
    branches: tuple[BranchRecord, ...]
    order: tuple[str, ...]
    stats: ConflictStats


class Run(_Part, frozen=True, kw_only=True):
    tool: Tool
    automation_details: AutomationDetails = AutomationDetails()
    column_kind: Literal["unicodeCodePoints"] = "unicodeCodePoints"
    results: tuple[Result, ...]
    properties: RunProperties


class SarifLog(_Part, frozen=True, kw_only=True):
    schema: str = msgspec.field(name="$schema", default=SARIF_SCHEMA)
    version: Literal["2.1.0"] = "2.1.0"
    runs: tuple[Run, ...]


def sarif(report: ConflictReport) -> SarifLog:
    """The report as the log of one run."""
    kinds = sorted({str(conflict.kind) for conflict in report.conflicts})
    run = Run(
        tool=Tool(driver=Driver(rules=tuple(_rule(kind) for kind in kinds))),
        results=tuple(_result(conflict, kinds.index(conflict.kind)) for conflict in report.conflicts),
        properties=RunProperties(
            base=report.base, branches=report.branches, order=report.order, stats=report.stats
        ),
    )
    return SarifLog(runs=(run,))


def _rule(kind: str) -> Rule:
    level, sentence = _RULES.get(kind, (Severity.WARNING, f"Conflict of kind {kind}"))
    return Rule(
        id=kind,
        name="".join(part.capitalize() for part in kind.split("-")),
        short_description=Message(text=sentence),
        full_description=Message(text=f"{sentence}."),
        default_configuration=Configuration(level=level),
    )


def _result(conflict: ConflictRecord, rule: int) -> Result:
    places = [_place(location) for location in conflict.locations]
    if not places:
        places = [Place(physical_location=PhysicalLocation(artifact_location=_artifact(conflict.path)))]
    related = tuple(msgspec.structs.replace(place, id=number) for number, place in enumerate(places[1:], 1))
    text = ". ".join(part for part in (conflict.explanation, conflict.suggestion) if part)
    accepted = conflict.status in (ConflictStatus.WAIVED, ConflictStatus.RESOLVED)
    return Result(
        rule_id=conflict.kind,
        rule_index=rule,
        level=conflict.severity,
        message=Message(text=text or f"{conflict.kind} in {conflict.path}"),
        locations=tuple(places[:1]),
        fingerprints=Fingerprints(conflict.id),
        partial_fingerprints=PartialFingerprints(conflict.id),
        properties=ResultProperties(
            conflict_level=conflict.level,
            branches=conflict.branches,
            symbol=conflict.symbol,
            status=conflict.status,
        ),
        related_locations=related or UNSET,
        suppressions=(Suppression(),) if accepted else UNSET,
    )


def _place(location: Location) -> Place:
    start = max(1, location.start_line)
    return Place(
        physical_location=PhysicalLocation(
            artifact_location=_artifact(location.path),
            region=Region(start_line=start, end_line=max(start, location.end_line)),
        ),
        message=Message(text=f"on branch {location.branch}"),
    )


def _artifact(path: str) -> Artifact:
    """A path as a relative URI reference; bytes that are no UTF-8 are kept."""
    return Artifact(uri=quote(path.encode("utf-8", "surrogateescape"), safe="/"))
