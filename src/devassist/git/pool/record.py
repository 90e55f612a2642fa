"""The record of a pooled tree's files: each path's entry and stat, saved on disk between processes."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from devassist.git.objects.errors import translated
from devassist.git.objects.trees import GITLINK


class Written(NamedTuple):
    """The entry at a path, and its stat when it was written."""

    mode: int
    id: str
    stat: tuple[int, ...]


@dataclass
class PoolRecord:
    """
    The content of one directory. While that may differ from what is on disk the file has another name, `.open`.

    `tree` is the id of the tree it holds, empty if it holds no complete tree; `kept` are untracked paths
    that stay; `stamp` is the latest file time given, in seconds.
    """

    path: Path
    tree: str = ""
    stamp: int = 0
    used: bool = False
    """Whether a command may have run in it since it was last exact."""
    kept: frozenset[str] = frozenset()
    rows: dict[str, Written] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> PoolRecord | None:
        """The saved record, or one left open by a crash; None if neither can be read."""
        interrupted = not path.exists()
        try:
            state = json.loads((path.with_suffix(".open") if interrupted else path).read_text("ascii"))
            rows = {
                name: Written(mode, id_, tuple(marks)) for name, (mode, id_, marks) in state["rows"].items()
            }
            used = state["used"] or interrupted
            return cls(path, state["tree"], state["stamp"], used, frozenset(state["kept"]), rows)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def save(self) -> None:
        rows = {path: [row.mode, row.id, row.stat] for path, row in self.rows.items()}
        state = {"tree": self.tree, "stamp": self.stamp, "used": self.used, "kept": sorted(self.kept)}
        passing = self.path.with_suffix(".new")
        with translated(f"write {self.path}"):
            passing.write_text(json.dumps(state | {"rows": rows}), "ascii")
            passing.replace(self.path)
            self.path.with_suffix(".open").unlink(missing_ok=True)

    def lay_open(self) -> None:
        """Mark the record as possibly different from the files on disk."""
        with contextlib.suppress(FileNotFoundError):
            self.path.replace(self.path.with_suffix(".open"))

    def directories(self) -> frozenset[str]:
        """Every directory above a path, and those of submodules."""
        directories = {path for path, row in self.rows.items() if row.mode == GITLINK}
        for path in self.rows:
            for top in above(path):
                if top in directories:
                    break
                directories.add(top)
        return frozenset(directories)


def marks(state: os.stat_result, mode: int) -> tuple[int, ...]:
    """The stat fields that change when a file is touched; for a submodule's directory only its type."""
    if mode == GITLINK:
        return (stat.S_IFMT(state.st_mode),)
    return (state.st_mode, state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino)


def lstat(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None


def above(path: str) -> Iterator[str]:
    """The directories above a path, the nearest first."""
    directory = path.rpartition("/")[0]
    while directory:
        yield directory
        directory = directory.rpartition("/")[0]
