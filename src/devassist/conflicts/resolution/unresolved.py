"""The semantic conflicts of two sides that a tree which merges them still has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from devassist.conflicts.manifests.detector import ManifestDetector
from devassist.conflicts.resolution.three_way_merge import MergingPair
from devassist.conflicts.symbols.detector import SymbolDetector
from devassist.domain.conflicts import Conflict, ConflictKind, Level, Severity, Side
from devassist.git.merging.tree_view import TreeView

_IN_ONE_TREE = frozenset(
    {
        ConflictKind.REMOVED_SYMBOL_USED,
        ConflictKind.RENAMED_SYMBOL_USED,
        ConflictKind.MOVED_SYMBOL_USED,
        ConflictKind.SIGNATURE_CHANGED_CALLED,
        ConflictKind.OVERRIDE_MISMATCH,
    }
)
"""Kinds that are an error within one tree as well as between two branches."""
_BY_LINES = frozenset({ConflictKind.DUPLICATE_DEFINITION})
"""Kinds that persist as long as the lines of both sides do."""
MANIFEST_KINDS = frozenset(
    {
        ConflictKind.DEPENDENCY_CLASH,
        ConflictKind.MIGRATION_COLLISION,
        ConflictKind.LOCKFILE_STALE,
        ConflictKind.DUPLICATE_ROUTE,
        ConflictKind.DUPLICATE_COMMAND,
        ConflictKind.FIELD_NUMBER_CLASH,
        ConflictKind.DEFAULT_DIFFERS,
    }
)


@dataclass
class Unresolved:
    """Examines trees that are to settle a pair's conflicts. Each tree is read once."""

    pair: MergingPair
    view: TreeView
    cache: Path | None = None
    languages: Sequence[str] = ()
    _detector: SymbolDetector = field(init=False)
    _manifests: ManifestDetector = field(init=False)
    _broken: dict[str, list[tuple[Side, Conflict]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._detector = SymbolDetector(self.view, self.cache, self.languages)
        self._manifests = ManifestDetector(self.view)

    def between(self) -> list[Conflict]:
        """The conflicts between the two sides that are an error within one tree as well."""
        conflicts = self._detector.detect(self.pair.base, [self.pair.ours, self.pair.theirs])
        return [conflict for conflict in conflicts if _is_error(conflict)]

    def broken(self, tree: str) -> list[tuple[Side, Conflict]]:
        """Uses that a side added and that the tree contains but breaks, with that side."""
        if tree not in self._broken:
            merged = Side(name="the resolution", commit="", tree=tree)
            self._broken[tree] = [
                (side, conflict)
                for side in (self.pair.ours, self.pair.theirs)
                for conflict in self._detector.detect(self.pair.base, [merged, side])
                if _is_error(conflict) and self._has_lines(tree, side, _lines_of(conflict, side))
            ]
        return self._broken[tree]

    def clashes(self, tree: str) -> Sequence[Conflict]:
        """The manifest conflicts of the two sides that the tree still has."""
        return self._manifests.remaining(self.pair.base, (self.pair.ours, self.pair.theirs), tree)

    def is_in(self, tree: str, conflict: Conflict) -> bool | None:
        """Whether the tree has a conflict of the pair as well; None if that cannot be determined."""
        key = (conflict.kind, conflict.symbol)
        if conflict.kind in _IN_ONE_TREE:
            return key in {(broken.kind, broken.symbol) for _side, broken in self.broken(tree)}
        if conflict.kind in _BY_LINES:
            return self._has_both(tree, conflict)
        if conflict.level is Level.MANIFEST:
            return key in {(clash.kind, clash.symbol) for clash in self.clashes(tree)}
        return None

    def _has_both(self, tree: str, conflict: Conflict) -> bool:
        """Whether the tree has the first line of each side, twice if both are the same line."""
        wanted: Counter[tuple[str, str]] = Counter()
        for side in (self.pair.ours, self.pair.theirs):
            for path, number in _lines_of(conflict, side)[:1]:
                own = self.pair.text_at(side.tree, path).splitlines()
                wanted[path, own[number - 1].strip() if number <= len(own) else ""] += 1
        present = Counter(
            (path, line.strip())
            for path in {path for path, _line in wanted}
            for line in self.pair.text_at(tree, path).splitlines()
        )
        return wanted.total() > 1 and wanted <= present

    def _has_lines(self, tree: str, side: Side, lines: Sequence[tuple[str, int]]) -> bool:
        """Whether the file in the tree has one of a side's lines."""
        for path, number in lines:
            own = self.pair.text_at(side.tree, path).splitlines()
            if number <= len(own):
                wanted = own[number - 1].strip()
                if any(line.strip() == wanted for line in self.pair.text_at(tree, path).splitlines()):
                    return True
        return False


def _lines_of(conflict: Conflict, side: Side) -> list[tuple[str, int]]:
    return [(use.path, use.start_line) for use in conflict.locations if use.branch == side.name]


def _is_error(conflict: Conflict) -> bool:
    return conflict.severity is Severity.ERROR and conflict.kind in _IN_ONE_TREE
