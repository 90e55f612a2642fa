"""Symbol level: branches that merge cleanly as text and then break; no shared path is needed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

from devassist.conflicts.names.blob_tables import Tables, source_changes, source_files
from devassist.conflicts.names.references import Resolver
from devassist.conflicts.symbols.both_changed import symmetric_conflicts
from devassist.conflicts.symbols.branch_facts import Branch
from devassist.conflicts.symbols.broken_uses import uses_against_breaks
from devassist.conflicts.symbols.overrides import override_conflicts
from devassist.conflicts.symbols.restrictions import restriction_conflicts
from devassist.conflicts.symbols.structural import structural_conflicts
from devassist.domain.conflicts import Conflict, Severity, Side
from devassist.git.merging.tree_view import TreeView

_KEPT_BRANCHES = 2048


@dataclass
class SymbolDetector:
    """
    Finds symbol conflicts between branches of one repository. Not shared between threads.

    Tables are cached by blob in `cache` (None: in memory only) and facts by tree, so that a second look is cheap.
    `languages` limits the files that are read; none means all.
    """

    view: TreeView
    cache: Path | None
    languages: Sequence[str] = ()
    _tables: Tables = field(init=False)
    _bases: dict[str, Resolver] = field(default_factory=dict)
    _branches: dict[tuple[str, str, str, str], Branch] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._tables = Tables(self.view, self.cache)

    def detect(
        self, base_tree: str, sides: Sequence[Side], pairs: Collection[tuple[str, str]] | None = None
    ) -> tuple[Conflict, ...]:
        """Every symbol conflict of every pair, or of `pairs` of names in the order of `sides`; worst first."""
        branches = [self._branch(base_tree, side) for side in sides]
        conflicts = [
            conflict
            for ours, theirs in combinations(branches, 2)
            if pairs is None or (ours.side.name, theirs.side.name) in pairs
            for conflict in _pair(ours, theirs)
        ]
        return _ordered(conflicts)

    def check_path(
        self, base_tree: str, side: Side, others: Sequence[Side], path: str
    ) -> tuple[Conflict, ...]:
        """Conflicts of what `side` does in one file with all the others do: for a check before or after a save."""
        own = self._branch(base_tree, side, path)
        return _ordered(
            [conflict for other in others for conflict in _pair(own, self._branch(base_tree, other))]
        )

    def _base(self, tree: str) -> Resolver:
        if tree not in self._bases:
            first = next(iter(self._bases), None)
            if first is None:
                resolver = Resolver.over(source_files(self._tables, tree, tuple(self.languages)))
            else:
                # Fork points of one repository are much alike: the others share what they have in common.
                changes = source_changes(self._tables, first, tree, tuple(self.languages))
                resolver = self._bases[first].changed(changes)
            self._bases[tree] = resolver
        return self._bases[tree]

    def _branch(self, base_tree: str, side: Side, path: str = "") -> Branch:
        key = (base_tree, side.name, side.tree, path)
        if key not in self._branches:
            if len(self._branches) >= _KEPT_BRANCHES:  # A long watch sees many heads that never come back.
                self._branches.clear()
            base = self._base(base_tree)
            changes = source_changes(self._tables, base_tree, side.tree, tuple(self.languages))
            own = base.changed(changes) if changes else base
            focus = frozenset(changes) & {path} if path else frozenset(changes)
            self._branches[key] = Branch(side, changes, base, own, focus)
        return self._branches[key]


def _pair(branch: Branch, other: Branch) -> Iterator[Conflict]:
    if branch.side.tree == other.side.tree or not branch.focus or not other.focus:
        return
    for breaker, user in ((branch, other), (other, branch)):
        yield from uses_against_breaks(breaker, user)
        yield from override_conflicts(breaker, user)
        yield from structural_conflicts(breaker, user)
        yield from restriction_conflicts(breaker, user)
    yield from symmetric_conflicts(branch, other)


def _ordered(conflicts: Sequence[Conflict]) -> tuple[Conflict, ...]:
    """The conflicts, worst first; of two with one id only the worse one."""
    order = list(Severity)
    ranked = sorted(
        conflicts,
        key=lambda conflict: (
            order.index(conflict.severity),
            conflict.path,
            conflict.kind,
            conflict.symbol or "",
            conflict.branches,
        ),
    )
    unique: dict[str, Conflict] = {}
    for conflict in ranked:
        unique.setdefault(conflict.id, conflict)
    return tuple(unique.values())
