"""Brings chosen files of a working tree, and their index rows, from one state to another."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pygit2

from devassist.git.objects.trees import Entry
from devassist.git.worktree.files import Files, Seen
from devassist.git.worktree.index_file import IndexFile, locked_index, row_for
from devassist.git.worktree.sparse import SparseSet

Edits = Mapping[str, Entry | None]


def index_path(repo: pygit2.Repository) -> Path:
    return Path(repo.path) / "index"


def materialise(
    repo: pygit2.Repository,
    root: Path,
    edits: Edits,
    *,
    undo: Edits | None = None,
    beyond_sparse: bool = False,
) -> None:
    """
    Write the entries of `edits` to files and index; None removes a path from both.

    If writing fails midway, the touched paths are set back to `undo` as far as possible. Files outside a sparse
    checkout change in the index only, unless `beyond_sparse`, and hidden ones always.
    """
    files, sparse = Files(repo, root), SparseSet.find(repo)
    with locked_index(index_path(repo)) as index:
        touched: list[str] = []
        try:
            # Removing first lets a directory take a file's place.
            for path in sorted((path for path, entry in edits.items() if entry is None), reverse=True):
                touched.append(path)
                files.remove_and_tidy(path)
                index.put(path, None)
            for path, entry in edits.items():
                if entry is not None:
                    touched.append(path)
                    _put(files, index, sparse, path, entry, beyond=beyond_sparse)
        except BaseException:
            for path in touched if undo is not None else ():
                _put_back(files, path, (undo or {}).get(path))
            raise


def _put(
    files: Files, index: IndexFile, sparse: SparseSet | None, path: str, entry: Entry, *, beyond: bool
) -> None:
    hidden = sparse is not None and sparse.hidden.cover(path)
    if hidden:
        files.remove_and_tidy(path)  # whatever an agent has put there: what is hidden never takes its place
    outside = hidden or (
        sparse is not None
        and not beyond
        and not sparse.includes(path)
        and not os.path.lexists(files.root / path)
    )
    seen = None if outside else files.write(path, entry)
    index.put(path, row_for(entry, seen, skipped=outside))


def _put_back(files: Files, path: str, entry: Entry | None) -> None:
    if entry is None:
        files.remove_and_tidy(path)
    else:
        files.write(path, entry)


def refresh(repo: pygit2.Repository, seen: Mapping[str, Seen | None]) -> None:
    """Write the committed entries to the index, with each file's stat from before it was read."""
    with locked_index(index_path(repo)) as index:
        for path, state in seen.items():
            _clear_way(index, path, state)
            index.put(path, None if state is None else row_for(state.entry, state.stat))


def _clear_way(index: IndexFile, path: str, state: Seen | None) -> None:
    """Remove index rows above and below a new file's path: a path cannot be both a file and a directory."""
    if state is None:
        return
    above = path.rpartition("/")[0]
    while above:
        index.put(above, None)
        above = above.rpartition("/")[0]
    below = os.fsencode(path) + b"/"
    for key in [key for key in index.rows if key[0].startswith(below)]:
        del index.rows[key]
