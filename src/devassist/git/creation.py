"""A new repository with one commit, for the demo and for examples."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pygit2

from devassist.git.objects.errors import translated
from devassist.git.objects.identity import as_pygit2, find_signature


def create_repository(path: Path, *, message: str, environment: Mapping[str, str]) -> str:
    """Make `path` a repository on branch main and commit everything in it; the commit's id."""
    with translated(f"make a repository of {path}"):
        repository = pygit2.init_repository(str(path), initial_head="main")
        index = repository.index
        index.add_all()
        index.write()
        who = as_pygit2(find_signature(repository, environment, None))
        return str(repository.create_commit("refs/heads/main", who, who, message, index.write_tree(), []))
