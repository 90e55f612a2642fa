"""Finds the git of an agent's worktree, from facts that the agent cannot write."""

from __future__ import annotations

import os
from pathlib import Path

from devassist.git.command import locate_git
from devassist.git.reading import ReadingGit
from devassist.git.worktree.registration import registered_admin
from devassist.ports import SandboxSpec


def open_git(spec: SandboxSpec) -> ReadingGit:
    """Git for the worktree of `spec`. Raises RepositoryError unless it is a worktree of the masked repository."""
    admin = registered_admin(spec.worktree, spec.masked)
    return ReadingGit.open(locate_git(_system_path(spec)), admin, spec.worktree.resolve())


def _system_path(spec: SandboxSpec) -> str:
    """The commands' PATH without what the agent can write or the checkout holds, and then the system's."""
    closed = [path.resolve() for path in (spec.worktree, spec.private, *spec.masked)]
    entries = [
        entry
        for entry in spec.environment.get("PATH", "").split(os.pathsep)
        if os.path.isabs(entry) and not any(Path(entry).resolve().is_relative_to(path) for path in closed)  # noqa: PTH117
    ]
    return os.pathsep.join([*entries, os.defpath])
