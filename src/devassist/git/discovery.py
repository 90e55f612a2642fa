"""
Where the repository around a directory keeps what: its git directories and its files.

libgit2 guesses the files from the git directory's place, which is wrong for `--separate-git-dir`. Its answer is taken
only where both agree by themselves, as in almost every repository; otherwise git is asked, and its answer counts.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pygit2
from pygit2.enums import RepositoryOpenFlag

from devassist.domain.errors import RepositoryError
from devassist.git.command import locate_git, run_git
from devassist.git.common_dir import common_dir_of, find_git_dir
from devassist.git.handles import open_handle
from devassist.git.objects.errors import translated

NAMED: Final = ("GIT_DIR", "GIT_WORK_TREE")
_SEARCH: Final = (*NAMED, "GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM")
"""Variables by which a person says where git looks for a repository: they count here as they do for git."""
_ELSEWHERE: Final = ("GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE")
_CONFIGURED: Final = ("GIT_CONFIG_",)
_ASKED: Final = ("--absolute-git-dir", "--git-common-dir", "--is-bare-repository", "--show-object-format")


@dataclass(frozen=True, slots=True)
class Places:
    """The directories of one repository as seen from one worktree of it, all without links."""

    common_dir: Path
    """The directory that all worktrees share."""
    git_dir: Path
    """The worktree's own, inside the shared one unless it is the main worktree's."""
    workdir: Path
    """The files of the worktree."""
    main: Path | None
    """The files of the main worktree; None when it is bare, or git does not record where they are."""

    def open(self) -> pygit2.Repository:
        """A new handle on the worktree."""
        with translated(f"open {self.git_dir}"):
            return open_worktree_handle(self.git_dir, self.workdir)


def open_worktree_handle(git_dir: Path, workdir: Path) -> pygit2.Repository:
    """libgit2's handle on one worktree, whose files are at `workdir` whatever libgit2 thinks. Raises GitError."""
    handle = open_handle(git_dir)
    if _resolved(handle.workdir) != workdir:
        handle.workdir = str(workdir)
    return handle


def find_places(start: Path, environment: Mapping[str, str], program_path: str) -> Places:
    """
    The repository around `start`, or the one that GIT_DIR and GIT_WORK_TREE name.

    Raises RepositoryError if there is none, if it is bare, or if libgit2 cannot read its objects.
    """
    for name in _ELSEWHERE:
        if environment.get(name):
            raise RepositoryError(
                f"{name} is set, and names another place for a part of the repository", hint=f"unset {name}"
            )
    if not any(environment.get(name) for name in _SEARCH):
        git_dir = find_git_dir(start)
        places = None if git_dir is None else _ordinary(git_dir, start)
        if places is not None:
            return places
        if git_dir is None:
            raise _missing(start, environment)
    return _asked(start, environment, program_path)


def _ordinary(git_dir: Path, start: Path) -> Places | None:
    """The places of a repository whose layout leaves nothing to interpret; None for any other."""
    with translated(f"open the repository around {start}"):
        try:
            handle = pygit2.Repository(str(git_dir), RepositoryOpenFlag.NO_SEARCH)
        except pygit2.GitError as error:
            if "object format" in str(error):
                raise _unreadable(str(git_dir)) from error
            raise
        workdir = _resolved(handle.workdir)
    common = common_dir_of(git_dir)
    if handle.is_bare or workdir is None or not start.resolve().is_relative_to(workdir):
        return None
    if common == git_dir:
        return Places(common, git_dir, workdir, workdir) if workdir / ".git" == git_dir else None
    if common.name != ".git":
        return None
    with translated("open the main repository"):
        main = pygit2.Repository(str(common), RepositoryOpenFlag.NO_SEARCH)
        root = None if main.is_bare else _resolved(main.workdir)
    return Places(common, git_dir, workdir, root) if root in (None, common.parent) else None


def _asked(start: Path, environment: Mapping[str, str], program_path: str) -> Places:
    here = start if start.is_dir() else start.parent
    plain = {
        name: value
        for name, value in environment.items()
        if name in (*_SEARCH, "HOME", "XDG_CONFIG_HOME") or name.startswith(_CONFIGURED)
    }
    plain |= {"PATH": program_path, "LC_ALL": "C"}
    command = [locate_git(program_path), "rev-parse", "--path-format=absolute", *_ASKED, "--show-toplevel"]
    answer = run_git(command, here, plain)
    lines = os.fsdecode(answer.output).split("\n")
    if len(lines) <= len(_ASKED):
        raise _missing(start, environment, answer.error)
    git_dir, common, bare, form = lines[: len(_ASKED)]
    if form != "sha1":
        raise _unreadable(git_dir)
    if answer.code:
        raise RepositoryError(
            f"{git_dir} is a bare repository"
            if bare == "true"
            else f"{here} is not inside the files of {git_dir}",
            hint="Clone it, or add a worktree: 'git worktree add <path>'"
            if bare == "true"
            else "Run the command in its worktree, or set GIT_WORK_TREE",
        )
    common_dir, workdir = Path(common).resolve(), Path(lines[len(_ASKED)]).resolve()
    own = Path(git_dir).resolve()
    return Places(common_dir, own, workdir, workdir if own == common_dir else _main(common_dir))


def _main(common: Path) -> Path | None:
    """The main worktree's files, seen from a linked one: beside the git directory, or where it says they are."""
    with translated("open the main repository"):
        main = pygit2.Repository(str(common), RepositoryOpenFlag.NO_SEARCH)
        if main.is_bare or not (common.name == ".git" or "core.worktree" in main.config):
            return None
        return _resolved(main.workdir)


def _missing(start: Path, environment: Mapping[str, str], reason: str = "") -> RepositoryError:
    named = [f"{name}={environment[name]}" for name in NAMED if environment.get(name)]
    if named:
        return RepositoryError(
            f"git finds no repository by {' and '.join(named)}: {reason}", hint=f"unset {' '.join(NAMED)}"
        )
    return RepositoryError(
        f"{start} is not inside a git repository",
        hint="name one with devassist -C DIR; in a new project, git init and a first commit make one",
    )


def _unreadable(git_dir: str) -> RepositoryError:
    return RepositoryError(
        f"{git_dir} names its objects by SHA-256, which devassist cannot read: libgit2 is built for SHA-1",
        hint="Work in a repository that was made without '--object-format=sha256'",
    )


def _resolved(path: str | None) -> Path | None:
    return Path(path).resolve() if path else None
