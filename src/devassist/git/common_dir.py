"""The directory that all worktrees of a repository share."""

from __future__ import annotations

from pathlib import Path

import pygit2

from devassist.domain.errors import RepositoryError
from devassist.git.objects.errors import translated


def discover(start: Path) -> str:
    """The git directory of the worktree that `start` is in. Raises RepositoryError where there is none."""
    place = pygit2.discover_repository(str(start))
    if place is None:
        raise RepositoryError(
            f"{start} is not inside a git repository", hint="Run 'git init' there and commit once"
        )
    return place


def common_dir_of(git_dir: Path) -> Path:
    """The directory all worktrees share, given one worktree's own."""
    pointer = git_dir / "commondir"
    if not pointer.is_file():
        return git_dir
    with translated(f"read {pointer}"):
        return (git_dir / pointer.read_text().strip()).resolve()
