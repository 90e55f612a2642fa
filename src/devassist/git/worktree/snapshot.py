"""A commit of everything uncommitted in a checkout, made without touching its index or its files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from devassist.domain.changes import directories_of, product_of
from devassist.git.objects.errors import translated
from devassist.git.objects.identity import Signature
from devassist.git.objects.trees import Trees
from devassist.git.repository import Repository
from devassist.git.worktree.scan import scan
from devassist.git.worktree.uncommitted import dirty_paths


@dataclass(frozen=True, slots=True)
class DirtySnapshot:
    """A commit, and what is not in it: changed files, each with its filter driver, which is not run, and products."""

    commit: str
    left_out: Mapping[str, str]
    products: Sequence[str] = ()
    """Untracked files and whole directories that builds, tests and package managers left there."""


def snapshot_dirty(repository: Repository, message: str, signature: Signature) -> DirtySnapshot:
    """
    A commit of HEAD and everything uncommitted, untracked files too; HEAD itself if nothing is uncommitted.

    Untracked build products stay out, unless they are staged: nobody means a `.venv` that .gitignore does not name.
    """
    head = repository.head_commit
    tree = repository.tree_of(head)
    scanned = scan(repository.handle, repository.workdir, tree, store=True, keeps_driven=False)
    products = _products(repository, head)
    edits = {
        path: entry
        for path, entry in scanned.edits().items()
        if path not in scanned.driven and path not in products
    }
    with translated("store a snapshot"):
        new = Trees(repository.handle).edited(tree, edits, write=True)
    commit = head if new == tree else repository.commit_tree(new, (head,), message, signature, signature)
    return DirtySnapshot(commit, scanned.driven, tuple(sorted(set(products.values()))))


def _products(repository: Repository, head: str) -> dict[str, str]:
    """The untracked build products, each with the directory that it is in or itself."""
    untracked = dirty_paths(repository).untracked
    tops = directories_of(repository.paths_of(head)) if untracked else frozenset[str]()
    found = {path: product_of(path, tracked_tops=tops) for path in untracked}
    return {path: product for path, product in found.items() if product}
