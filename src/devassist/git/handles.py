"""Opens libgit2's handle on a git directory as git would: with the environment's settings, and in partial clones."""

from __future__ import annotations

from pathlib import Path

import pygit2
from pygit2.enums import ConfigLevel, RepositoryOpenFlag

from devassist.git.common_dir import common_dir_of
from devassist.git.configuration import chosen_environment, chosen_overrides
from devassist.git.promisor import Promisor, add_promised, find_promisor


def open_handle(git_dir: Path) -> pygit2.Repository:
    """
    libgit2's handle on exactly this git directory. Raises GitError.

    NO_SEARCH: nothing that stands in the files of a worktree can lead it elsewhere.
    """
    handle = pygit2.Repository(str(git_dir), RepositoryOpenFlag.NO_SEARCH)
    overrides = chosen_overrides()
    if overrides is not None:
        # pygit2's own class for a repository's configuration refuses it; libgit2 adds it to this handle only.
        pygit2.Config.add_file(handle.config, str(overrides), ConfigLevel.APP, force=True)
    add_promised(handle.odb.add_backend, promisor_of(common_dir_of(git_dir)))
    return handle


def promisor_of(common_dir: Path) -> Promisor | None:
    """The remote that a partial clone fetches missing objects from; None for a complete repository."""
    return find_promisor(common_dir, chosen_environment())
