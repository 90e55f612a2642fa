"""Merging two commits in memory, and committing what came of it; no file and no ref is touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pygit2
from pygit2.enums import DeltaStatus, MergeFlag

from devassist.domain.errors import RepositoryError
from devassist.git.errors import translated
from devassist.git.identity import Signature
from devassist.git.repository import Repository
from devassist.git.trees import GITLINK

ConflictKind = Literal[
    "content",
    "add-add",
    "modify-delete",
    "rename-delete",
    "rename-rename",
    "directory-file",
    "binary",
    "submodule",
    "mode",
]
LineRange = tuple[int, int]
"""First and last line, counted from 1; the last is before the first where nothing stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeConflict:
    """One path that did not merge; blob ids are "" where a side has no file."""

    path: str
    kind: ConflictKind
    base: str = ""
    ours: str = ""
    theirs: str = ""
    ours_ranges: tuple[LineRange, ...] = ()
    theirs_ranges: tuple[LineRange, ...] = ()


@dataclass(frozen=True, slots=True)
class MergeResult:
    """The merged tree, or None and why."""

    tree: str | None
    conflicts: tuple[MergeConflict, ...] = ()


def merge_in_memory(repository: Repository, ours: str, theirs: str) -> MergeResult:
    """Merge two commits as git would, with renames and virtual merge bases."""
    handle = repository.handle
    with translated(f"merge {theirs[:12]} into {ours[:12]}"):
        index = handle.merge_commits(
            pygit2.Oid(hex=ours), pygit2.Oid(hex=theirs), flags=MergeFlag.FIND_RENAMES
        )
        if not index.conflicts:
            return MergeResult(str(index.write_tree(handle)))
        found = _Conflicts(handle, ours, theirs)
        conflicts = tuple(found.describe(*sides) for sides in index.conflicts)
    return MergeResult(None, tuple(sorted(conflicts, key=lambda conflict: conflict.path)))


def merge_trees_in_memory(repository: Repository, base: str, ours: str, theirs: str) -> MergeResult:
    """Merge three commits or trees with an explicit base, such as for a cherry-pick."""
    handle = repository.handle
    with translated(f"merge {theirs[:12]} into {ours[:12]}"):
        trees = [handle[pygit2.Oid(hex=id_)].peel(pygit2.Tree) for id_ in (base, ours, theirs)]
        index = handle.merge_trees(trees[0], trees[1], trees[2], flags=MergeFlag.FIND_RENAMES)
        if not index.conflicts:
            return MergeResult(str(index.write_tree(handle)))
        found = _Conflicts(handle, ours, theirs, base=base)
        return MergeResult(None, tuple(found.describe(*sides) for sides in index.conflicts))


def commit_merge(
    repository: Repository,
    *,
    tree: str,
    parents: Sequence[str],
    message: str,
    author: Signature,
    committer: Signature,
) -> str:
    """A merge commit of `tree`; moving a ref to it is another step, with an approval of its own."""
    if not parents:
        raise RepositoryError("A merge needs parents", hint="Name the commits that were merged")
    return repository.commit_tree(tree, parents, message, author, committer)


Side = pygit2.IndexEntry | None


class _Conflicts:
    """Names conflicts by what both sides did since their base; renames are looked up once, when needed."""

    def __init__(self, handle: pygit2.Repository, ours: str, theirs: str, *, base: str = "") -> None:
        self.handle = handle
        found = base or handle.merge_base(pygit2.Oid(hex=ours), pygit2.Oid(hex=theirs))
        self.renames = (
            (_renames(handle, str(found), ours), _renames(handle, str(found), theirs)) if found else ({}, {})
        )

    def describe(self, base: Side, ours: Side, theirs: Side) -> MergeConflict:
        sides = [side for side in (ours, theirs, base) if side is not None]
        kind = self._kind(base, ours, theirs)
        ours_ranges: tuple[LineRange, ...] = ()
        theirs_ranges: tuple[LineRange, ...] = ()
        if kind in {"content", "add-add"} and ours is not None and theirs is not None:
            ours_ranges, theirs_ranges = _ranges(self.handle, base, ours, theirs)
        return MergeConflict(
            path=str(sides[0].path),
            kind=kind,
            base=_id(base),
            ours=_id(ours),
            theirs=_id(theirs),
            ours_ranges=ours_ranges,
            theirs_ranges=theirs_ranges,
        )

    def _kind(self, base: Side, ours: Side, theirs: Side) -> ConflictKind:
        present = [side for side in (base, ours, theirs) if side is not None]
        if any(int(side.mode) == GITLINK for side in present):
            return "submodule"
        if ours is not None and theirs is not None:
            return self._kind_of_both(base, ours, theirs)
        if base is None:
            return self._kind_of_lone(present[0])
        if ours is None and theirs is None:
            return "rename-rename" if all(base.path in side for side in self.renames) else "rename-delete"
        left, left_of = (theirs, 1) if ours is None else (ours, 0)
        moved = left is not None and left.path != base.path
        # A file one side renamed and the other deleted comes as its old or its new path.
        return "rename-delete" if moved or base.path in self.renames[left_of] else "modify-delete"

    def _kind_of_both(self, base: Side, ours: pygit2.IndexEntry, theirs: pygit2.IndexEntry) -> ConflictKind:
        if ours.id == theirs.id or int(ours.mode) & 0o170000 != int(theirs.mode) & 0o170000:
            return "mode"
        moved = [ours.path in side.values() for side in self.renames]
        if base is None and any(moved):
            return "rename-rename" if all(moved) else "add-add"
        if any(_is_binary(self.handle, side) for side in (ours, theirs)):
            return "binary"
        return "add-add" if base is None else "content"

    def _kind_of_lone(self, side: pygit2.IndexEntry) -> ConflictKind:
        old = [path for renames in self.renames for path, new in renames.items() if new == side.path]
        if not old:
            return "directory-file"
        both = all(old[0] in renames for renames in self.renames)
        return "rename-rename" if both else "rename-delete"


def _renames(handle: pygit2.Repository, old: str, new: str) -> dict[str, str]:
    before, after = (handle[pygit2.Oid(hex=id_)].peel(pygit2.Tree) for id_ in (old, new))
    found = before.diff_to_tree(after)
    found.find_similar()
    return {
        delta.old_file.path: delta.new_file.path
        for delta in found.deltas
        if delta.status == DeltaStatus.RENAMED
    }


def _id(side: Side) -> str:
    return "" if side is None else str(side.id)


def _blob(handle: pygit2.Repository, side: pygit2.IndexEntry) -> pygit2.Blob:
    return handle[side.id].peel(pygit2.Blob)


def _is_binary(handle: pygit2.Repository, side: pygit2.IndexEntry) -> bool:
    return _blob(handle, side).is_binary


def _ranges(
    handle: pygit2.Repository, base: Side, ours: pygit2.IndexEntry, theirs: pygit2.IndexEntry
) -> tuple[tuple[LineRange, ...], tuple[LineRange, ...]]:
    """Line ranges of each side whose change meets one of the other, in that side's own lines."""
    left, right = _blob(handle, ours), _blob(handle, theirs)
    if base is None:
        hunks = _hunks(left, right)
        return tuple(_span(h.old_start, h.old_lines) for h in hunks), tuple(
            _span(h.new_start, h.new_lines) for h in hunks
        )
    origin = _blob(handle, base)
    mine, other = _hunks(origin, left), _hunks(origin, right)
    meeting = [(one, two) for one in mine for two in other if _touch(one, two)]
    return (
        tuple(dict.fromkeys(_span(one.new_start, one.new_lines) for one, _two in meeting)),
        tuple(dict.fromkeys(_span(two.new_start, two.new_lines) for _one, two in meeting)),
    )


def _hunks(old: pygit2.Blob, new: pygit2.Blob) -> Sequence[pygit2.DiffHunk]:
    return tuple(pygit2.Patch.create_from(old, new, context_lines=0).hunks)


def _span(start: int, lines: int) -> LineRange:
    # A hunk without lines names the line before the gap.
    return (start, start + lines - 1) if lines else (start + 1, start)


def _touch(one: pygit2.DiffHunk, two: pygit2.DiffHunk) -> bool:
    first, second = _span(one.old_start, one.old_lines), _span(two.old_start, two.old_lines)
    # Changes to adjacent lines conflict too, for git as for libgit2.
    return first[0] <= second[1] + 1 and second[0] <= first[1] + 1
