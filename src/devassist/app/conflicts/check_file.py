"""Compares one file with all live branches, for a hook before or after a write."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from devassist.app.conflicts.branches import base_side
from devassist.app.conflicts.compare import Compared, Comparison, sides_to_compare
from devassist.app.wiring.history import require_history
from devassist.app.wiring.project import Project
from devassist.conflicts.ongoing import OngoingConflicts
from devassist.conflicts.outputs import ConflictStats
from devassist.conflicts.text.detector import worktree_side
from devassist.domain.errors import UsageError
from devassist.git.merging.merge_tree import MergeTree


def check_path(
    project: Project, path: Path, *, content: bytes | None = None, committed: bool = False
) -> Compared:
    """
    Compare one file, as it is on disk or as `content` would make it, with all live branches.

    With `committed` the uncommitted work of others is left out, so that their worktrees need not be scanned.
    Raises UsageError for a path outside of the repository.
    """
    repository, state = project.repository, project.host.state_dir
    require_history(repository)
    where = path.parent.resolve() / path.name  # a link is checked as the link that it is
    if not where.is_relative_to(repository.workdir):
        raise UsageError(f"{path} is outside the repository")
    relative = where.relative_to(repository.workdir).as_posix()
    base = base_side(project, "")
    wanted = Comparison(every=True, committed=committed)
    with MergeTree(repository, environment=project.host.environment) as referee:
        mine = worktree_side(referee, repository.workdir, "(your files)")
        if content is not None:
            commit = referee.scratch.replaced(mine.commit, mine.head or mine.commit, relative, content)
            mine = replace(mine, commit=commit, tree=referee.view.tree_of(commit))
        others = [
            side
            for side in sides_to_compare(project, referee, wanted, base.commit)
            if side.name != repository.head_branch
        ]
        # The others are not compared with each other: only pairs with the file's own side count.
        ongoing = OngoingConflicts(
            referee, base.commit, state / "symbols", project.settings.conflicts.languages
        )
        ongoing.move(mine)
        for side in others:
            ongoing.move(side, own=False)
        for _ in ongoing.deepen(mine.name):
            pass
        conflicts, merged = ongoing.conflicts(), referee.merged
    about = [
        conflict
        for conflict in conflicts
        if relative in (conflict.path, *(location.path for location in conflict.locations))
    ]
    stats = ConflictStats(pairs_merged=merged)
    return Compared(base=base.commit, sides=[mine, *others], conflicts=about, order=(), stats=stats)
