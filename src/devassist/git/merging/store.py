"""Keeping a merge that was tried out: its tree, with what was decided on top, from scratch objects to real ones."""

from __future__ import annotations

from collections.abc import Mapping

import pygit2
from pygit2.enums import ObjectType

from devassist.git.objects.errors import translated
from devassist.git.objects.trees import FILE, GITLINK, TREE, Entry, Trees
from devassist.git.repository import Repository

Edits = Mapping[str, bytes | Entry | None]


def store_merged(repository: Repository, view: Repository, *, over: str, merged: str, edits: Edits) -> str:
    """
    Store the tree `merged`, which only `view` sees, with `edits` (None removes) in `repository`; its id.

    `over` is a tree of the repository that most of it is equal to.
    """
    trees, source = Trees(repository.handle), Trees(view.handle)
    with translated("store a merged tree"):
        edited: dict[str, Entry | None] = {}
        for path, _before, after in source.difference(over, merged):
            if path not in edits:
                edited[path] = None if after is None else _copied(repository, view, after)
        # A path that is a file in one tree and a directory in the other comes twice: what is there now counts.
        edited |= {path: entry for path in edited if (entry := _leaf(source, merged, path)) is not None}
        for path, edit in edits.items():
            if isinstance(edit, bytes):
                mode = _mode(source, merged, path)
                edited[path] = Entry(mode, str(repository.handle.create_blob(edit)))
            else:
                edited[path] = None if edit is None else _copied(repository, view, edit)
        return trees.edited(over, edited, write=True)


def _leaf(trees: Trees, tree: str, path: str) -> Entry | None:
    entry = trees.find(tree, path)
    return None if entry is None or entry.mode == TREE else entry


def _mode(trees: Trees, tree: str, path: str) -> int:
    entry = _leaf(trees, tree, path)
    return FILE if entry is None else entry.mode


def _copied(repository: Repository, view: Repository, entry: Entry) -> Entry:
    if entry.mode != GITLINK:  # libgit2 itself skips what is there
        repository.handle.write(ObjectType.BLOB, view.handle.read(pygit2.Oid(hex=entry.id))[1])
    return entry
