"""
Selects the pairs of trees that git has to merge: all that could conflict, and few others.

A pair left out merges cleanly for certain. Pairs that depend on rename detection, attributes, links, submodules or
binary content are never left out, because only git itself can decide them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from devassist.conflicts.text.hunks import HunkIndex
from devassist.git.differences import merge_attribute
from devassist.git.merging.tree_view import TreeChange, TreeView
from devassist.git.objects.trees import EXECUTABLE, FILE, TREE, Entry

_REGULAR = frozenset((FILE, EXECUTABLE))


@dataclass(frozen=True, slots=True)
class SideChanges:
    """The changes of one side since the merge base."""

    changes: Mapping[str, TreeChange]
    added: frozenset[str]
    directories: frozenset[str]
    """Every directory above an added path."""
    in_the_way: frozenset[str]
    """Paths below which the other side cannot simply add: new files, and directories that may have moved."""


@dataclass(slots=True)
class Prefilter:
    """Decides on pairs of trees with one merge base; keeps what it found of each side."""

    view: TreeView
    hunks: HunkIndex
    _default_driver: bool = field(init=False)
    _sides: dict[tuple[str, str], SideChanges] = field(default_factory=dict)
    _attributes: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._default_driver = bool(self.view.repository.setting("merge.default"))

    def side(self, base: str, tree: str) -> SideChanges:
        """The changes from one tree to another."""
        key = (base, tree)
        if key not in self._sides:
            self._sides[key] = self._side(base, tree)
        return self._sides[key]

    def may_conflict(self, base: str, left: str, other: str) -> bool:
        """False only when git merges the two trees without conflict for certain."""
        if left in (base, other) or other == base:
            return False
        ours, theirs = self.side(base, left), self.side(base, other)
        if not ours.directories.isdisjoint(theirs.in_the_way):
            return True
        if not theirs.directories.isdisjoint(ours.in_the_way):
            return True
        return any(
            self._path_may_conflict(path, ours, theirs)
            for path in ours.changes.keys() & theirs.changes.keys()
        )

    def _path_may_conflict(self, path: str, ours: SideChanges, theirs: SideChanges) -> bool:
        old, mine = ours.changes[path]
        other = theirs.changes[path].new
        if mine == other:
            # Deleted on both sides: unless one of them, or both, only moved it.
            return mine is None and bool(ours.added or theirs.added)
        if old is None or mine is None or other is None:
            return True
        if not {old.mode, mine.mode, other.mode} <= _REGULAR:
            return True
        if old.id in (mine.id, other.id) or mine.id == other.id:
            return _modes_clash(old, mine, other)
        return self._is_special(path) or self.hunks.touch(old.id, mine.id, other.id)

    def _is_special(self, path: str) -> bool:
        if self._default_driver:
            return True
        if path not in self._attributes:
            self._attributes[path] = merge_attribute(self.view.repository, path)
        return self._attributes[path] != ""

    def _side(self, base: str, tree: str) -> SideChanges:
        changes = self.view.changes(base, tree)
        added = frozenset(path for path, (old, _new) in changes.items() if old is None)
        gone = frozenset() if not added else self._vanished(changes, tree)
        above = frozenset(directory for path in added for directory in _above(path))
        return SideChanges(changes, added, above, added | gone)

    def _vanished(self, changes: Mapping[str, TreeChange], tree: str) -> frozenset[str]:
        """Removed directories: with all their files gone they may have been renamed."""
        suspects = {
            directory for path, (_old, new) in changes.items() if new is None for directory in _above(path)
        }
        return frozenset(directory for directory in suspects if not self._is_directory(tree, directory))

    def _is_directory(self, tree: str, path: str) -> bool:
        entry = self.view.find(tree, path)
        return entry is not None and entry.mode == TREE


def _modes_clash(old: Entry, mine: Entry, other: Entry) -> bool:
    return mine.mode != other.mode and old.mode not in (mine.mode, other.mode)


def _above(path: str) -> Iterator[str]:
    directory = path.rpartition("/")[0]
    while directory:
        yield directory
        directory = directory.rpartition("/")[0]
