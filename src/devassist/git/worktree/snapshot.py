"""A commit of everything uncommitted in a checkout, made without touching its index or its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from devassist.git.objects.errors import translated
from devassist.git.objects.identity import Signature
from devassist.git.objects.trees import Trees
from devassist.git.repository import Repository
from devassist.git.worktree.scan import scan


@dataclass(frozen=True, slots=True)
class DirtySnapshot:
    """A commit, and the changed files that are not in it, each with its filter driver, which is not run."""

    commit: str
    left_out: Mapping[str, str]


def snapshot_dirty(repository: Repository, message: str, signature: Signature) -> DirtySnapshot:
    """A commit of HEAD and everything uncommitted, untracked files too; HEAD itself if nothing is uncommitted."""
    head = repository.head_commit
    tree = repository.tree_of(head)
    scanned = scan(repository.handle, repository.workdir, tree, store=True, keeps_driven=False)
    edits = {path: entry for path, entry in scanned.edits().items() if path not in scanned.driven}
    with translated("store a snapshot"):
        new = Trees(repository.handle).edited(tree, edits, write=True)
    commit = head if new == tree else repository.commit_tree(new, (head,), message, signature, signature)
    return DirtySnapshot(commit, scanned.driven)
