"""Conflicts between branches as values: what, where, how bad, and an id that stays the same from run to run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from devassist.domain.hashing import digest
from devassist.domain.ids import work_of


class Level(StrEnum):
    TREE = "tree"
    TEXT = "text"
    SYMBOL = "symbol"
    MANIFEST = "manifest"
    TYPE = "type"
    BEHAVIOUR = "behaviour"


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    def at_least(self, threshold: Severity) -> bool:
        order = list(Severity)
        return order.index(self) <= order.index(threshold)


class ConflictKind(StrEnum):
    """The kinds of contract 6, by the level that finds them: tree or text, symbol, manifest, type or behaviour."""

    CONTENT = "content"
    ADD_ADD = "add-add"
    MODIFY_DELETE = "modify-delete"
    RENAME_DELETE = "rename-delete"
    RENAME_RENAME = "rename-rename"
    DIRECTORY_FILE = "directory-file"
    BINARY = "binary"
    SUBMODULE = "submodule"
    MODE = "mode"

    REMOVED_SYMBOL_USED = "removed-symbol-used"
    RENAMED_SYMBOL_USED = "renamed-symbol-used"
    MOVED_SYMBOL_USED = "moved-symbol-used"
    SIGNATURE_CHANGED_CALLED = "signature-changed-called"
    DUPLICATE_DEFINITION = "duplicate-definition"
    SAME_SYMBOL_EDITED = "same-symbol-edited"
    OVERRIDE_MISMATCH = "override-mismatch"
    DUPLICATE_WORK = "duplicate-work"

    DEPENDENCY_CLASH = "dependency-clash"
    MIGRATION_COLLISION = "migration-collision"
    LOCKFILE_STALE = "lockfile-stale"
    DUPLICATE_ROUTE = "duplicate-route"
    DUPLICATE_COMMAND = "duplicate-command"
    FIELD_NUMBER_CLASH = "field-number-clash"
    DEFAULT_DIFFERS = "default-differs"

    NEW_DIAGNOSTIC = "new-diagnostic"
    CHECKS_FAIL_MERGED = "checks-fail-merged"


class ConflictStatus(StrEnum):
    """The state of a conflict. Between runs it goes from provisional or open to any of the others, and back to open."""

    PROVISIONAL = "provisional"
    """Seen in uncommitted work."""
    OPEN = "open"
    SEQUENCED = "sequenced"
    """The order of merging settles it."""
    WAIVED = "waived"
    RESOLVED = "resolved"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """
    One branch under comparison: the name as the person typed it, its commit and its tree.

    If it has uncommitted work, `commit` is a temporary one that holds that work, and `head` is the branch's own.
    """

    name: str
    commit: str
    tree: str
    head: str = ""

    @property
    def uncommitted(self) -> bool:
        return bool(self.head)

    @property
    def tip(self) -> str:
        """The commit that the branch itself is at."""
        return self.head or self.commit


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Location:
    """Lines of a file on one branch, counted from 1, both ends included."""

    branch: str
    path: str
    start_line: int
    end_line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """
    Two branches that cannot both land as they are.

    One per kind, branch pair and symbol (or path); all uses are in `locations`. `explanation` is one sentence
    with symbols and lines, `suggestion` what to do.
    """

    level: Level
    kind: ConflictKind
    severity: Severity
    branches: tuple[str, str]
    path: str
    symbol: str | None = None
    locations: tuple[Location, ...] = ()
    explanation: str = ""
    suggestion: str = ""
    status: ConflictStatus = ConflictStatus.OPEN

    @property
    def id(self) -> str:
        """
        An id that depends on kind, pair and symbol or path, not on order, commits or line numbers.

        All branches of a task count as one: the conflict stays the same when the next agent takes over.
        """
        pair = sorted(work_of(name) for name in self.branches)
        return "c-" + digest([self.kind, pair, self.symbol or self.path])[:12]


def worst(conflicts: Sequence[Conflict]) -> Severity | None:
    """The highest severity among open conflicts."""
    severities = [conflict.severity for conflict in conflicts if conflict.status is ConflictStatus.OPEN]
    return min(severities, key=list(Severity).index, default=None)
