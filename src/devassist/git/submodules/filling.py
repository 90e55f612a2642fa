"""
Submodules in agents' worktrees: those that the person has initialised, as recorded, to be read and never changed.

Their files are exported from the person's clones, without a `.git`, so that nothing an agent does reaches those.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pygit2

from devassist.domain.changes import GITLINK_MODE
from devassist.domain.choice.privacy import PrivatePaths
from devassist.domain.errors import Refused, RepositoryError
from devassist.git.command import locate_git
from devassist.git.handles import open_handle, promisor_of
from devassist.git.hardened import HardenedGit
from devassist.git.objects.errors import translated
from devassist.git.objects.trees import TREE, Trees, tree_id
from devassist.git.repository import Repository
from devassist.git.submodules.record import record_submodules

_POINTER = "gitdir: "
_DEEPEST = 5
_PATH = re.compile(r"^[ \t]*path[ \t]*=[ \t]*(.*?)[ \t\r]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Submodule:
    """One submodule: its path, the commit that is recorded, and the git directory of the person's clone of it."""

    path: str
    commit: str
    git_dir: Path | None
    """None if the person has not initialised it, or has not fetched the commit."""


def submodules_of(repository: Repository, tree: str) -> tuple[Submodule, ...]:
    """The submodules of a tree, and those inside of them, by path."""
    return tuple(_below(repository.handle, repository.workdir, tree, "", 0))


def _below(handle: pygit2.Repository, root: Path, tree: str, prefix: str, depth: int) -> Iterator[Submodule]:
    trees = Trees(handle)
    for name in _named(handle, trees, tree):
        entry = trees.find(tree, name)
        if entry is None or entry.mode != GITLINK_MODE or depth > _DEEPEST:
            continue
        path = prefix + name
        git_dir = _git_dir(root / path)
        inner = None if git_dir is None else _opened(git_dir, entry.id)
        yield Submodule(path, entry.id, None if inner is None else git_dir)
        if inner is not None:
            yield from _below(inner, root, tree_id(inner, entry.id), f"{path}/", depth + 1)


def _named(handle: pygit2.Repository, trees: Trees, tree: str) -> list[str]:
    """The paths in .gitmodules: to look through a large tree for submodules would take longer than to check it out."""
    modules = trees.find(tree, ".gitmodules")
    if modules is None or modules.mode == TREE:
        return []
    text = handle.read(pygit2.Oid(hex=modules.id))[1].decode("utf-8", "surrogateescape")
    quoted = (match[1] for match in _PATH.finditer(text))
    return sorted({path.strip('"').replace('\\"', '"').replace("\\\\", "\\") for path in quoted})


def _git_dir(place: Path) -> Path | None:
    """The git directory of the person's clone at `place`, if there is one."""
    pointer = place / ".git"
    if pointer.is_dir():
        return pointer
    try:
        text = pointer.read_text("utf-8", "surrogateescape")
    except OSError:
        return None
    return (place / text.removeprefix(_POINTER).strip()).resolve() if text.startswith(_POINTER) else None


def _opened(git_dir: Path, commit: str) -> pygit2.Repository | None:
    with contextlib.suppress(pygit2.GitError, KeyError, ValueError, Refused):
        handle = open_handle(git_dir)
        if isinstance(handle[pygit2.Oid(hex=commit)], pygit2.Commit):
            return handle
    return None


def fill_submodules(repository: Repository, admin: Path, root: Path, tree: str, hidden: PrivatePaths) -> None:
    """
    Write the files of all initialised submodules of `tree` below `root`, read-only.

    One with hidden files stays empty.
    """
    filled: list[str] = []
    for submodule in submodules_of(repository, tree):
        target = root / submodule.path
        if submodule.git_dir is None or not target.is_dir() or _hides(submodule, hidden):
            continue
        _export(repository, admin, submodule, target)
        filled.append(submodule.path)
    if filled:
        with translated("protect the submodules"):
            for path in filled:
                _protect(root / path)
            record_submodules(admin, filled)


def _hides(submodule: Submodule, hidden: PrivatePaths) -> bool:
    if not hidden or submodule.git_dir is None:
        return False
    inner = _opened(submodule.git_dir, submodule.commit)
    paths = () if inner is None else Trees(inner).walk(tree_id(inner, submodule.commit))
    return any(hidden.cover(f"{submodule.path}/{path}") for path, _entry in paths)


def _export(repository: Repository, admin: Path, submodule: Submodule, target: Path) -> None:
    assert submodule.git_dir is not None  # noqa: S101  looked at by the caller
    promisor = promisor_of(submodule.git_dir)
    if promisor is not None:
        inner = open_handle(submodule.git_dir)
        files = Trees(inner).walk(tree_id(inner, submodule.commit))
        promisor.fetch_missing(entry.id for _path, entry in files if entry.mode != GITLINK_MODE)
    git = HardenedGit.open(locate_git(repository.program_path), submodule.git_dir, target)
    index = admin / "index.submodule"
    answer = git.run(
        "-c", "core.sparseCheckout=false", "read-tree", "-m", "-u", "--no-recurse-submodules", submodule.commit,
        variables={"GIT_INDEX_FILE": str(index)},
    )  # fmt: skip
    index.unlink(missing_ok=True)
    if answer.code:
        raise RepositoryError(f"git could not check out the submodule {submodule.path}: {answer.error}")


def _protect(root: Path) -> None:
    for directory, _folders, files in os.walk(root, topdown=False):
        for name in files:
            path = Path(directory, name)
            if not path.is_symlink():
                path.chmod(stat.S_IMODE(path.stat().st_mode) & ~0o222)
        Path(directory).chmod(0o555)
