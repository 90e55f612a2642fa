"""A commit of everything uncommitted in a checkout, made without touching its index or its files."""

from __future__ import annotations

from devassist.git.objects.errors import translated
from devassist.git.objects.identity import Signature
from devassist.git.objects.trees import Trees
from devassist.git.repository import Repository
from devassist.git.worktree.scan import scan


def snapshot_dirty(repository: Repository, message: str, signature: Signature) -> str:
    """A commit of HEAD and everything uncommitted, untracked files too; HEAD itself if nothing is uncommitted."""
    head = repository.head_commit
    tree = repository.tree_of(head)
    scanned = scan(repository.handle, repository.workdir, tree, store=True)
    with translated("store a snapshot"):
        new = Trees(repository.handle).edited(tree, scanned.edits(), write=True)
    if new == tree:
        return head
    return repository.commit_tree(new, (head,), message, signature, signature)
