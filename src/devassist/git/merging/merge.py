"""
Merging two commits in memory, and committing the result; no file and no ref is touched.

Git's own merge decides, the one that `conflicts` reports: libgit2's knows neither directory renames nor merge
drivers, and lets an edit land in the wrong place where a function moved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from devassist.domain.errors import RepositoryError
from devassist.git.merging.merge_tree import MergeTree
from devassist.git.merging.report import PathConflict
from devassist.git.merging.store import store_merged
from devassist.git.objects.identity import Signature
from devassist.git.repository import Repository


@dataclass(frozen=True, slots=True)
class MergeResult:
    """The merged tree, stored in the repository, or None and why."""

    tree: str | None
    conflicts: tuple[PathConflict, ...] = ()


def merge_in_memory(
    repository: Repository, ours: str, theirs: str, *, environment: Mapping[str, str], base: str | None = None
) -> MergeResult:
    """
    Merge two commits as git would; with `base` that is the merge base, such as for taking a commit back.

    `environment` is the person's: its PATH locates git, its HOME the configuration.
    """
    with MergeTree(repository, environment=environment) as referee:
        merged = referee.merge(ours, theirs, base)
        if not merged.clean:
            return MergeResult(None, merged.conflicts)
        over = repository.tree_of(ours)
        tree = store_merged(repository, referee.view, over=over, merged=merged.tree, edits={})
    if tree != merged.tree:
        raise RepositoryError(
            f"the merge of {ours[:12]} and {theirs[:12]} could not be stored as git made it"
        )
    return MergeResult(tree)


def commit_merge(
    repository: Repository,
    *,
    tree: str,
    parents: Sequence[str],
    message: str,
    author: Signature,
    committer: Signature,
) -> str:
    """A merge commit of `tree`; moving a ref to it is another step, with an approval of its own."""
    if not parents:
        raise RepositoryError("A merge needs parents", hint="Name the commits that were merged")
    return repository.commit_tree(tree, parents, message, author, committer)
