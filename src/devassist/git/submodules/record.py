"""Which submodules of a worktree were filled, and which paths are inside of one: no change there is an agent's."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Sequence
from pathlib import Path

from devassist.git.objects.trees import GITLINK, Trees

_RECORD = "devassist-submodules"


def record_submodules(admin: Path, paths: Sequence[str]) -> None:
    """Keep the paths of the submodules that were filled in the worktree with this administrative directory."""
    (admin / _RECORD).write_bytes(b"\0".join(map(os.fsencode, paths)))


def filled_submodules(admin: Path) -> tuple[str, ...]:
    """The paths that were recorded, none in most worktrees."""
    try:
        names = (admin / _RECORD).read_bytes()
    except OSError:
        return ()
    return tuple(map(os.fsdecode, names.split(b"\0")))


def submodule_above(trees: Trees, tree: str, path: str) -> str:
    """The submodule of `tree` that `path` is inside of; empty if it is in none."""
    above = posixpath.dirname(path)
    while above:
        entry = trees.find(tree, above)
        if entry is not None:
            return above if entry.mode == GITLINK else ""
        above = posixpath.dirname(above)
    return ""
