"""Cached reads for the levels of detection: a branch's changes against the base, files of trees, blobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import pygit2

from devassist.git.objects.trees import Entry, Trees
from devassist.git.repository import Repository

_KEPT_BLOBS = 4096


class TreeChange(NamedTuple):
    """A path's entry before and after a change, None if it does not exist."""

    old: Entry | None
    new: Entry | None


@dataclass
class TreeView:
    """
    Reads trees and blobs of one repository, each at most once. Not shared between threads.

    Changes are kept by tree pair, so asking again costs nothing; contents are kept for a while.
    """

    repository: Repository
    _trees: Trees = field(init=False)
    _changes: dict[tuple[str, str], Mapping[str, TreeChange]] = field(default_factory=dict)
    _blobs: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._trees = Trees(self.repository.handle)

    def changes(self, base_tree: str, tree: str) -> Mapping[str, TreeChange]:
        """Path -> before and after, for every file, link or submodule that differs."""
        key = (base_tree, tree)
        if key not in self._changes:
            differences = self._trees.difference(base_tree, tree)
            self._changes[key] = {path: TreeChange(old, new) for path, old, new in differences if old != new}
        return self._changes[key]

    def find(self, tree: str, path: str) -> Entry | None:
        return self._trees.find(tree, path)

    def walk(self, tree: str) -> Iterator[tuple[str, Entry]]:
        """Every file of a tree."""
        return self._trees.walk(tree)

    def blob(self, oid: str) -> bytes:
        """The content of a blob."""
        content = self._blobs.get(oid)
        if content is None:
            if len(self._blobs) >= _KEPT_BLOBS:
                self._blobs.clear()
            kind = self.repository.handle[pygit2.Oid(hex=oid)]
            content = self._blobs[oid] = kind.data if isinstance(kind, pygit2.Blob) else b""
        return content

    def text(self, oid: str) -> str:
        """The content as text; undecodable bytes are replaced."""
        return self.blob(oid).decode("utf-8", "replace")
