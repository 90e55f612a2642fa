"""Uncommitted work: the changes of worktrees against the branches that are checked out in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from devassist.conflicts.text.detector import worktree_side
from devassist.domain.conflicts import Side
from devassist.domain.errors import RepositoryError
from devassist.git.merging.merge_tree import MergeTree
from devassist.git.repository import Repository
from devassist.git.worktree.live import live_worktrees


@dataclass
class WorkInProgress:
    """Reads live worktrees; their commits and trees are in the referee's scratch directory."""

    repository: Repository
    referee: MergeTree
    _live: dict[str, Path] = field(init=False)

    def __post_init__(self) -> None:
        self._live = live_worktrees(self.repository)

    def of(self, branch: str) -> Side | None:
        """The branch with its uncommitted work; None if it has none, or is not checked out."""
        directory = self._live.get(branch)
        if directory is None:
            return None
        try:
            side = worktree_side(self.referee, directory, branch)
        except RepositoryError as error:
            if not (directory / ".git").exists():
                return None  # removed in the meantime
            raise RepositoryError(
                f"the files of {branch} in {directory} cannot be read: {error}",
                hint="--committed leaves uncommitted work out",
            ) from error
        return side if side.uncommitted else None

    def all(self) -> dict[str, Side]:
        """Every branch that has uncommitted work, by its name."""
        return {branch: side for branch in sorted(self._live) if (side := self.of(branch)) is not None}
