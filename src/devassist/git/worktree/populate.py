"""
Fills a new, empty worktree by `git read-tree`, and writes its index once.

Measured with 20,000 files in memory: opening a worktree takes 1.25 times `git worktree add`; a writer in Python
took 1.6 to 1.8 times.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from devassist.domain.errors import RepositoryError
from devassist.domain.failpoints import reach
from devassist.git.command import locate_git
from devassist.git.handles import open_handle, promisor_of
from devassist.git.hardened import HardenedGit
from devassist.git.objects.errors import translated
from devassist.git.objects.trees import GITLINK, Trees, tree_id
from devassist.git.repository import Repository
from devassist.git.submodules.filling import fill_submodules
from devassist.git.worktree.materialise import materialise
from devassist.git.worktree.sparse import EVERYTHING, SparseSet, hidden_in

_SPECIAL = re.compile(r"[\\*?\[\]!# \r\n]")


def populate(repository: Repository, admin: Path, root: Path, tree: str, *, base: str = "") -> None:
    """
    Write the files of `tree` below the empty `root`; those that are hidden or outside a sparse checkout into the index.

    With `base`, a commit, what differs from it is written also outside a sparse checkout.

    The index gets its name when everything is there: a git that outlives a killed devassist can then not replace
    the index of the worktree that is opened after it.
    """
    _fetch_promised(repository, tree)
    git = HardenedGit.open(locate_git(repository.program_path), admin, root)
    filling = admin / "index.filling"
    hidden = hidden_in(admin)
    private = hidden.tops(path for path, _entry in Trees(repository.handle).walk(tree)) if hidden else []
    settings = _leave_out(repository, admin, private) if private else []
    answer = git.run(
        *settings,
        "read-tree",
        "-m",
        "-u",
        "--no-recurse-submodules",
        tree,
        variables={"GIT_INDEX_FILE": str(filling)},
    )
    if answer.code:
        raise RepositoryError(f"git could not check out into {root}: {answer.error or 'no reason given'}")
    for path in private:
        if os.path.lexists(root / path):
            raise RepositoryError(f"the private path {path} could not be left out of {root}")
    if repository.tree_has_submodules(tree):
        fill_submodules(repository, admin, root, tree, hidden)
    with translated("write the index"):
        reach("index.write")
        filling.replace(admin / "index")
    if base and repository.is_sparse:
        _write_beyond(admin, root, base, tree)


def _leave_out(repository: Repository, admin: Path, private: Sequence[str]) -> list[str]:
    """Write the patterns of a sparse checkout without the private paths, and return the options that turn it on."""
    sparse = SparseSet.find(repository.handle)
    text = sparse.text if sparse is not None else EVERYTHING
    lines = [f"!/{_SPECIAL.sub(_escaped, path)}\n" for path in private]
    file = admin / "info" / "sparse-checkout"
    file.write_text(f"{text.rstrip()}\n{''.join(lines)}", "utf-8", "surrogateescape")
    return ["-c", "core.sparseCheckout=true", "-c", "core.sparseCheckoutCone=false"]


def _escaped(sign: re.Match[str]) -> str:
    """A sign of a path in gitignore's language, in which a line break can only be any sign."""
    return "?" if sign.group() in "\r\n" else f"\\{sign.group()}"


def _write_beyond(admin: Path, root: Path, base: str, tree: str) -> None:
    handle = open_handle(admin)
    sparse = SparseSet.find(handle)
    edits = {
        path: entry
        for path, _old, entry in Trees(handle).difference(tree_id(handle, base), tree)
        if entry is not None and sparse is not None and not sparse.includes(path)
    }
    if edits:
        materialise(handle, root, edits, beyond_sparse=True)


def _fetch_promised(repository: Repository, tree: str) -> None:
    """In a partial clone, fetch the files that will be written, at once: the git that writes them may not fetch."""
    promisor = promisor_of(repository.common_dir)
    if promisor is not None:
        sparse = SparseSet.find(repository.handle)
        promisor.fetch_missing(
            entry.id
            for path, entry in Trees(repository.handle).walk(tree)
            if entry.mode != GITLINK and (sparse is None or sparse.includes(path))
        )
