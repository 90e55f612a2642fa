"""The directory that all worktrees of a repository share."""

from __future__ import annotations

import os
from pathlib import Path

import pygit2

from devassist.git.objects.errors import translated


def find_git_dir(start: Path) -> Path | None:
    """The git directory of the worktree that `start` is in, by libgit2; None if it finds none."""
    place = pygit2.discover_repository(str(start))
    return None if place is None else Path(place).resolve()


def common_dir_of(git_dir: Path) -> Path:
    """The directory all worktrees share, given one worktree's own."""
    pointer = git_dir / "commondir"
    if not pointer.is_file():
        return git_dir
    with translated(f"read {pointer}"):
        return (git_dir / pointer.read_text().strip()).resolve()


def local_branches(common_dir: Path) -> list[str]:
    """The names of all local branches."""
    with translated("list the branches"):
        return list(pygit2.Repository(str(common_dir)).branches.local)


def directory_of(admin: Path) -> Path | None:
    """The files of the linked worktree with this administrative directory, to which their place may be relative."""
    try:
        named = (admin / "gitdir").read_text("utf-8", "surrogateescape").rstrip("\n")
    except OSError:
        return None
    return Path(os.path.normpath(admin / named)).parent if named else None
