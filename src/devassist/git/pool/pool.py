"""Warm directories for speculative trees: each is leased, switched to a tree, and returned for the next."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from devassist.domain.errors import RepositoryError
from devassist.git.merging.scratch import ScratchObjects
from devassist.git.objects.errors import translated
from devassist.git.pool.directory import PooledTree

_MOST_SLOTS = 16


@dataclass(frozen=True, slots=True)
class Slot:
    """A place of the pool: `tree.root` for the files, `private` for the homes and caches of commands there."""

    tree: PooledTree
    directory: Path

    @property
    def private(self) -> Path:
        return self.directory / "private"


@dataclass
class TreePool:
    """
    The pool in `directory`, of trees that are in `scratch` or in the repository.

    A slot belongs to one process at a time; the next process finds it warm. Not shared between threads.
    """

    directory: Path
    scratch: ScratchObjects
    _free: list[Slot] = field(default_factory=list[Slot])
    _locks: list[int] = field(default_factory=list[int])

    def close(self) -> None:
        """Release all slots to other processes, as they are."""
        for slot in self._free:
            slot.tree.record.save()
        self._free.clear()
        for descriptor in self._locks:
            os.close(descriptor)
        self._locks.clear()

    @contextmanager
    def at(self, tree: str) -> Iterator[Slot]:
        """A slot whose files are exactly `tree`; changes by commands are undone before the next tree."""
        slot = self._nearest(tree)
        try:
            slot.tree.point(tree)
            slot.tree.record.used = True
            yield slot
        finally:
            self._free.append(slot)

    def _nearest(self, tree: str) -> Slot:
        if not self._free:
            return self._take()
        same = next((slot for slot in self._free if slot.tree.record.tree == tree), self._free[-1])
        self._free.remove(same)
        return same

    def _take(self) -> Slot:
        """The first slot that no other process uses."""
        for number in range(_MOST_SLOTS):
            directory = self.directory / str(number)
            with translated(f"open {directory}"):
                (directory / "private").mkdir(parents=True, exist_ok=True, mode=0o700)
                descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                continue
            self._locks.append(descriptor)
            handle = self.scratch.view().handle
            return Slot(PooledTree.open(handle, directory / "tree", directory / "record.json"), directory)
        raise RepositoryError(
            f"All {_MOST_SLOTS} directories in {self.directory} are in use",
            hint="Wait for the other 'devassist conflicts' to end",
        )
