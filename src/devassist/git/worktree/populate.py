"""
Fills a new, empty worktree by `git read-tree`, and writes its index once.

Measured with 20,000 files in memory: opening a worktree takes 1.25 times `git worktree add`; a writer in Python
took 1.6 to 1.8 times.
"""

from __future__ import annotations

from pathlib import Path

from devassist.domain.errors import RepositoryError
from devassist.domain.failpoints import reach
from devassist.git.command import locate_git
from devassist.git.hardened import HardenedGit
from devassist.git.objects.errors import translated
from devassist.git.repository import Repository


def populate(repository: Repository, admin: Path, root: Path, tree: str) -> None:
    """
    Write the files of `tree` below the empty `root`; those outside a sparse checkout into the index only.

    The index gets its name when everything is there: a git that outlives a killed devassist can then not replace
    the index of the worktree that is opened after it.
    """
    git = HardenedGit.open(locate_git(repository.program_path), admin, root)
    filling = admin / "index.filling"
    answer = git.run(
        "read-tree", "-m", "-u", "--no-recurse-submodules", tree, variables={"GIT_INDEX_FILE": str(filling)}
    )
    if answer.code:
        raise RepositoryError(f"git could not check out into {root}: {answer.error or 'no reason given'}")
    with translated("write the index"):
        reach("index.write")
        filling.replace(admin / "index")
