"""Which semantic conflicts of two sides are still in a tree that merges them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devassist.conflicts.manifests.detector import ManifestDetector
from devassist.conflicts.resolution.three_way_merge import MergingPair
from devassist.conflicts.symbols.detector import SymbolDetector
from devassist.domain.conflicts import Conflict, Level, Severity, Side
from devassist.git.merging.tree_view import TreeView

_IN_ONE_TREE = frozenset(
    {
        "removed-symbol-used",
        "renamed-symbol-used",
        "moved-symbol-used",
        "signature-changed-called",
        "override-mismatch",
    }
)
"""Kinds that are an error within one tree as well as between two."""
_BY_LINES = frozenset({"duplicate-definition"})
"""Kinds that stand as long as the lines of both sides do."""
MANIFEST_KINDS = frozenset(
    {
        "dependency-clash",
        "migration-collision",
        "lockfile-stale",
        "duplicate-route",
        "duplicate-command",
        "field-number-clash",
        "default-differs",
    }
)


@dataclass
class Standing:
    """Looks at trees that are to settle a pair's conflicts. Each tree is read once."""

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
        """What is an error within one tree as well, as it is between the two sides."""
        found = self._detector.detect(self.pair.base, [self.pair.ours, self.pair.theirs])
        return [one for one in found if _is_error(one)]

    def broken(self, tree: str) -> list[tuple[Side, Conflict]]:
        """Uses that a side brought and that the tree, still holding them, breaks."""
        if tree not in self._broken:
            merged = Side(name="the resolution", commit="", tree=tree)
            self._broken[tree] = [
                (side, one)
                for side in (self.pair.ours, self.pair.theirs)
                for one in self._detector.detect(self.pair.base, [merged, side])
                if _is_error(one) and self._has_lines(tree, side, _lines_of(one.as_json(), side))
            ]
        return self._broken[tree]

    def clashes(self, tree: str) -> Sequence[Conflict]:
        """What the tree's manifests still say of both sides although it cannot hold together."""
        return self._manifests.standing(self.pair.base, (self.pair.ours, self.pair.theirs), tree)

    def stands(self, tree: str, known: Mapping[str, Any]) -> bool | None:
        """Whether a conflict of the pair, shaped as in contract 6, is in the tree too; None where this cannot tell."""
        what = (known["kind"], known.get("symbol"))
        if known["kind"] in _IN_ONE_TREE:
            return what in {(one.kind, one.symbol) for _side, one in self.broken(tree)}
        if known["kind"] in _BY_LINES:
            return self._has_both(tree, known)
        if known["level"] == Level.MANIFEST:
            return what in {(one.kind, one.symbol) for one in self.clashes(tree)}
        return None

    def _has_both(self, tree: str, known: Mapping[str, Any]) -> bool:
        """Whether the first line of each side is there, twice where both wrote the same."""
        wanted: Counter[tuple[str, str]] = Counter()
        for side in (self.pair.ours, self.pair.theirs):
            for path, number in _lines_of(known, side)[:1]:
                own = self.pair.text_at(side.tree, path).splitlines()
                wanted[path, own[number - 1].strip() if number <= len(own) else ""] += 1
        there = Counter(
            (path, line.strip())
            for path in {path for path, _line in wanted}
            for line in self.pair.text_at(tree, path).splitlines()
        )
        return wanted.total() > 1 and wanted <= there

    def _has_lines(self, tree: str, side: Side, lines: Sequence[tuple[str, int]]) -> bool:
        """Whether one of a side's lines is in the tree's file too."""
        for path, number in lines:
            own = self.pair.text_at(side.tree, path).splitlines()
            if number <= len(own):
                wanted = own[number - 1].strip()
                if any(line.strip() == wanted for line in self.pair.text_at(tree, path).splitlines()):
                    return True
        return False


def _lines_of(known: Mapping[str, Any], side: Side) -> list[tuple[str, int]]:
    return [(at["path"], at["start_line"]) for at in known.get("locations", ()) if at["branch"] == side.name]


def _is_error(one: Conflict) -> bool:
    return one.severity is Severity.ERROR and one.kind in _IN_ONE_TREE
