"""Trees as bytes: find, walk and edit them without an index, and know an id before anything is written."""

from __future__ import annotations

import hashlib
import os
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import pygit2
from pygit2.enums import ObjectType

TREE = 0o040000
FILE = 0o100644
EXECUTABLE = 0o100755
SYMLINK = 0o120000
GITLINK = 0o160000
_ENTRY = re.compile(rb"([0-7]+) ([^\0]+)\0(.{20})", re.DOTALL)


class Entry(NamedTuple):
    """A tree's mode and object id (hex) for one path. A tuple, because a tree has many."""

    mode: int
    id: str


@dataclass(slots=True)
class Trees:
    """Reads trees of one repository, each once. Names are str with surrogates for bytes that are no UTF-8."""

    repo: pygit2.Repository
    store: Callable[[str, bytes], str] | None = None
    """Stores a new tree, given kind and content, and returns its id (hex); None: the repository does."""
    _parsed_trees: dict[str, dict[bytes, Entry]] = field(default_factory=dict)
    _compared: dict[str, tuple[bytes, list[int]]] = field(default_factory=dict)

    def entries(self, tree: str) -> Mapping[bytes, Entry]:
        if tree not in self._parsed_trees:
            self._parsed_trees[tree] = _parsed(self._read(tree))
        return self._parsed_trees[tree]

    def find(self, tree: str, path: str) -> Entry | None:
        entry: Entry | None = Entry(TREE, tree)
        for name in os.fsencode(path).split(b"/"):
            if entry is None or entry.mode != TREE:
                return None
            entry = self.entries(entry.id).get(name)
        return entry

    def walk(self, tree: str, prefix: str = "") -> Iterator[tuple[str, Entry]]:
        """Every file, link and submodule, in no promised order."""
        for name, entry in self.entries(tree).items():
            path = prefix + os.fsdecode(name)
            if entry.mode == TREE:
                yield from self.walk(entry.id, path + "/")
            else:
                yield path, entry

    def difference(
        self, old: str, new: str, prefix: str = ""
    ) -> Iterator[tuple[str, Entry | None, Entry | None]]:
        """Each path that differs, with its old and new entry; equal subtrees are never opened."""
        if old == new:
            return
        before, after = self._differing(old, new)
        for name in sorted(before.keys() | after.keys()):
            former, latter = before.get(name), after.get(name)
            if former == latter:
                continue
            path = prefix + os.fsdecode(name)
            old_tree = former.id if former is not None and former.mode == TREE else ""
            new_tree = latter.id if latter is not None and latter.mode == TREE else ""
            old_leaf, new_leaf = (None if old_tree else former), (None if new_tree else latter)
            if old_leaf is not None or new_leaf is not None:
                yield path, old_leaf, new_leaf
            if old_tree or new_tree:
                yield from self.difference(old_tree, new_tree, path + "/")

    def _differing(self, old: str, new: str) -> tuple[Mapping[bytes, Entry], Mapping[bytes, Entry]]:
        """
        Entries of two trees without those that both begin and end with: a tree of many differs in few.

        The old tree is cached, because many trees are compared with it.
        """
        if not (old and new):
            return (self.entries(old) if old else {}), (self.entries(new) if new else {})
        if old not in self._compared:
            data = self._read(old)
            self._compared[old] = (data, [0, *(entry.end() for entry in _ENTRY.finditer(data))])
        before, ends = self._compared[old]
        after = self._read(new)
        start = ends[bisect_right(ends, _alike(before, after)) - 1]
        tail = _alike(before[:start:-1], after[:start:-1])
        stop = ends[bisect_left(ends, max(len(before) - tail, start))]
        last = len(after) - (len(before) - stop)
        # Where an entry of the new tree crosses the border, what looked like the same end is chance.
        ended = max((entry.end() for entry in _ENTRY.finditer(after, start, last)), default=start)
        if ended != last:
            return self.entries(old), self.entries(new)
        return _parsed(before[start:stop]), _parsed(after[start:last])

    def _read(self, tree: str) -> bytes:
        return self.repo.read(pygit2.Oid(hex=tree))[1]

    def edited(self, base: str, edits: Mapping[str, Entry | None], *, write: bool) -> str:
        """The id of `base` with `edits` (None removes); with `write` the trees on the way are stored."""
        split = [(tuple(os.fsencode(path).split(b"/")), entry) for path, entry in edits.items()]
        return self._edited(base, split, write=write) or self._store(b"", write=write)

    def _edited(
        self, base: str, edits: Iterable[tuple[tuple[bytes, ...], Entry | None]], *, write: bool
    ) -> str:
        entries = dict(self.entries(base)) if base else {}
        below: dict[bytes, list[tuple[tuple[bytes, ...], Entry | None]]] = {}
        here: dict[bytes, Entry | None] = {}
        for names, entry in edits:
            if len(names) == 1:
                here[names[0]] = entry
            else:
                below.setdefault(names[0], []).append((names[1:], entry))
        for name, entry in here.items():
            if entry is not None:
                entries[name] = entry
            elif name in entries and entries[name].mode != TREE:
                del entries[name]
        for name, deeper in below.items():
            old = entries.get(name)
            # Removing below a path that became a file leaves that file alone.
            if old is not None and old.mode != TREE and all(entry is None for _names, entry in deeper):
                continue
            subtree = self._edited(
                old.id if old is not None and old.mode == TREE else "", deeper, write=write
            )
            if subtree:
                entries[name] = Entry(TREE, subtree)
            else:
                entries.pop(name, None)
        return self._store(_serialised(entries), write=write) if entries else ""

    def _store(self, data: bytes, *, write: bool) -> str:
        if write and self.store is not None:
            return self.store("tree", data)
        if write:
            return str(self.repo.write(ObjectType.TREE, data))
        return hashlib.sha1(b"tree %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _parsed(data: bytes) -> dict[bytes, Entry]:
    return {name: Entry(int(mode, 8), id_.hex()) for mode, name, id_ in _ENTRY.findall(data)}


def _alike(left: bytes, right: bytes) -> int:
    """The length of the common prefix, in bytes."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _serialised(entries: Mapping[bytes, Entry]) -> bytes:
    # Git sorts a directory as if its name ended in a slash.
    ordered = sorted(entries.items(), key=lambda item: item[0] + (b"/" if item[1].mode == TREE else b""))
    return b"".join(b"%o %s\0%s" % (entry.mode, name, bytes.fromhex(entry.id)) for name, entry in ordered)


def tree_id(repo: pygit2.Repository, commit: str) -> str:
    return str(repo[pygit2.Oid(hex=commit)].peel(pygit2.Tree).id)
