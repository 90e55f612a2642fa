"""
The only writes to a person's own files: `merge` onto their branch, and `apply` of a result.

Both refuse before touching anything if a file they would write differs from the commit. Files go first,
then the index, then the ref, whose lock is taken first: after a crash the same call finds the files
already written and continues.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pygit2
from pygit2.enums import RepositoryOpenFlag

from devassist.domain.errors import RepositoryError
from devassist.domain.failpoints import reach
from devassist.git.common_dir import directory_of
from devassist.git.objects import refs
from devassist.git.objects.drivers import driver_of, reason_of
from devassist.git.objects.errors import translated
from devassist.git.objects.trees import GITLINK, Entry, Trees
from devassist.git.repository import Repository
from devassist.git.worktree.files import Files
from devassist.git.worktree.index_file import IndexFile
from devassist.git.worktree.materialise import index_path, materialise
from devassist.git.worktree.operations import refuse_moved_elsewhere, refuse_unfinished

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class CheckedOut:
    """The result of a merge onto a branch."""

    branch: str
    old: str
    new: str
    written: tuple[str, ...] = ()
    """Files of the person's worktree that changed; none when the branch is not checked out there."""


def dirty_overlap(repository: Repository, new_tree: str, *, base_tree: str | None = None) -> tuple[str, ...]:
    """
    The uncommitted paths that a change from `base_tree` (default: HEAD's tree) to `new_tree` would overwrite.

    A path is free if file and index match the base or already match the new tree.
    """
    base = base_tree if base_tree is not None else repository.tree_of(repository.head_commit)
    return tuple(sorted(_overlap(repository, _differences(repository, base, new_tree))))


def checkout_branch_to(
    repository: Repository, branch: str, commit: str, *, old: str, message: str = "devassist merge"
) -> CheckedOut:
    """
    Move `branch` from `old` to `commit`, and the person's files with it if it is checked out where they are.

    Their other uncommitted work stays as it is. RepositoryError with the paths when it would be overwritten,
    or when another worktree has the branch checked out; RepositoryChanged when it is not at `old`.
    """
    ref = f"refs/heads/{branch}"
    here = repository.head_branch == branch
    refuse_unmovable(repository, branch)
    if not here and (elsewhere := checked_out_at(repository, ref)) is not None:
        raise RepositoryError(
            f"Branch {branch} is checked out in {elsewhere}", hint=f"Run the same command in {elsewhere}"
        )
    edits = _differences(repository, repository.tree_of(old), repository.tree_of(commit)) if here else {}
    with repository.lock(), refs.moving(repository.handle, ref, old=old, new=commit, message=message):
        _refuse_overlap(repository, edits)
        _write(repository, edits)
        reach("checkout.files")
    return CheckedOut(branch, old, commit, tuple(sorted(edits)))


def refuse_unmovable(repository: Repository, branch: str) -> None:
    """Raise RepositoryError if a merge, rebase or the like that the person has not ended keeps `branch` in place."""
    refuse_moved_elsewhere(repository, branch)
    if repository.head_branch == branch:
        refuse_unfinished(repository, "this change")


def apply_to_workdir(repository: Repository, base_tree: str, result_tree: str) -> tuple[str, ...]:
    """Write the net changes between two trees into the person's files and index, uncommitted; their paths."""
    refuse_unfinished(repository, "what is written")
    edits = _differences(repository, base_tree, result_tree)
    with repository.lock():
        _refuse_overlap(repository, edits)
        _write(repository, edits)
    return tuple(sorted(edits))


@dataclass(frozen=True, slots=True)
class _Edit:
    old: Entry | None
    new: Entry | None


def _differences(repository: Repository, old_tree: str, new_tree: str) -> dict[str, _Edit]:
    with translated("compare two trees"):
        differences = Trees(repository.handle).difference(old_tree, new_tree)
        return {path: _Edit(old, new) for path, old, new in differences}


def _write(repository: Repository, edits: Mapping[str, _Edit]) -> None:
    if edits:
        materialise(
            repository.handle,
            repository.workdir,
            {path: edit.new for path, edit in edits.items()},
            undo={path: edit.old for path, edit in edits.items()},
        )


def _refuse_overlap(repository: Repository, edits: Mapping[str, _Edit]) -> None:
    for path, edit in edits.items():
        if edit.new is not None and (driver := driver_of(repository.handle, path)):
            raise RepositoryError(
                f"{path} cannot be written: {reason_of(driver)}; nothing was changed",
                hint="'git merge' of the same commit does it",
            )
    overlap = sorted(_overlap(repository, edits))
    if overlap:
        more = f" and {len(overlap) - _SHOWN} more" if len(overlap) > _SHOWN else ""
        paths = ", ".join(overlap[:_SHOWN]) + more
        raise RepositoryError(
            f"Uncommitted work in {paths} would be overwritten; nothing was changed",
            hint="Commit or stash it, then run the same command again",
        )


def _overlap(repository: Repository, edits: Mapping[str, _Edit]) -> set[str]:
    if not edits:
        return set()
    files = Files(repository.handle, repository.workdir)
    index = IndexFile.load(index_path(repository.handle))
    paths: set[str] = set()
    for path, edit in edits.items():
        row = index.find(path)
        conflicted = any((os.fsencode(path), stage) in index.rows for stage in (1, 2, 3))
        if conflicted or not _is_free(row.entry if row else None, edit):
            paths.add(path)
            continue
        seen = files.see(path, store=False, known=edit.old or edit.new)
        entry = seen.entry if seen else None
        absent_by_sparse = row is not None and row.skipped and entry is None
        if not absent_by_sparse and GITLINK not in _modes(edit) and not _is_free(entry, edit):
            paths.add(path)
        elif edit.new is not None:
            paths.update(_in_the_way(repository, path, edits))
    return paths


def _is_free(entry: Entry | None, edit: _Edit) -> bool:
    return entry in {edit.old, edit.new}


def _modes(edit: _Edit) -> set[int]:
    return {side.mode for side in (edit.old, edit.new) if side is not None}


def _in_the_way(repository: Repository, path: str, edits: Mapping[str, _Edit]) -> Iterator[str]:
    """Files outside these edits that occupy the place of a directory or file of theirs."""
    above = path.rpartition("/")[0]
    while above:
        full = repository.workdir / above
        if os.path.lexists(full) and (full.is_symlink() or not full.is_dir()) and above not in edits:
            yield above
        above = above.rpartition("/")[0]
    full = repository.workdir / path
    if full.is_dir() and not full.is_symlink():
        for directory, _names, files in os.walk(full):
            inside = [Path(directory, name).relative_to(repository.workdir).as_posix() for name in files]
            yield from (name for name in inside if name not in edits)


def checked_out_at(repository: Repository, ref: str) -> str | None:
    """The directory of another worktree than the person's whose HEAD is `ref`, if any: the main one counts, too."""
    places = [repository.common_dir, *sorted((repository.common_dir / "worktrees").glob("*"))]
    for place in places:
        head = place / "HEAD"
        if place == repository.git_dir or not head.is_file():
            continue
        if head.read_text().strip() == f"ref: {ref}":
            if place != repository.common_dir:
                return str(directory_of(place) or place)
            if repository.places.main is not None:
                return str(repository.places.main)
            with translated("open the main repository"):
                main = pygit2.Repository(str(place), RepositoryOpenFlag.NO_SEARCH)
            if not main.is_bare:
                return f"the main worktree of {place}"
    return None
