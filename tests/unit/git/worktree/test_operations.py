"""What a person has begun and not ended is noticed before their branches and files are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from devassist.domain.errors import RepositoryError
from devassist.git.repository import Repository
from devassist.git.worktree.checkout import apply_to_workdir, checkout_branch_to
from devassist.git.worktree.operations import find_operation
from support.repos import commit_all, git, make_repository, put


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """`main` and `side` conflict in a.txt; `result` is main with one file more."""
    root = make_repository(tmp_path / "repo", {"a.txt": "base\n", "b.txt": "b\n"})
    git(root, "branch", "side")
    git(root, "branch", "result")
    put(root, {"a.txt": "main\n"})
    commit_all(root, "Main")
    git(root, "checkout", "-q", "side")
    put(root, {"a.txt": "side\n"})
    commit_all(root, "Side")
    git(root, "checkout", "-q", "result")
    git(root, "merge", "-q", "--ff-only", "main")
    put(root, {"new.txt": "n\n"})
    commit_all(root, "Result")
    git(root, "checkout", "-q", "main")
    return root


BEGUN = {
    "merge": ("merge", "side"),
    "cherry-pick": ("cherry-pick", "side"),
    "revert": ("revert", "--no-edit", "main~1"),
    "rebase": ("rebase", "side"),
    "bisect": ("bisect", "start", "main", "main~1"),
}


@pytest.mark.parametrize("name", BEGUN)
def test_nothing_is_merged_or_applied_in_the_middle_of(root: Path, name: str) -> None:
    if name == "revert":
        put(root, {"a.txt": "again\n"})
        commit_all(root, "Again")
        git(root, "checkout", "-q", "-B", "result")
        put(root, {"new.txt": "n\n"})
        commit_all(root, "Result")
        git(root, "checkout", "-q", "main")
    git(root, *BEGUN[name], check=False)
    repository = Repository.discover(root)
    operation = find_operation(repository.git_dir, root)
    assert operation is not None
    assert operation.name == name
    old, new = repository.resolve("main"), repository.resolve("result")
    status = git(root, "status", "--porcelain")
    for attempt in (
        lambda: checkout_branch_to(repository, "main", new, old=old),
        lambda: apply_to_workdir(repository, repository.tree_of(old), repository.tree_of(new)),
    ):
        with pytest.raises(RepositoryError, match=name) as caught:
            attempt()
        assert f"git {name}" in caught.value.hint
    assert git(root, "status", "--porcelain") == status
    assert repository.branch_tip("main") == old


def test_a_branch_that_is_rebased_in_another_worktree_is_not_moved(root: Path, tmp_path: Path) -> None:
    git(root, "worktree", "add", "-q", "-b", "topic", str(tmp_path / "other"), "main~1")
    other = tmp_path / "other"
    put(other, {"a.txt": "topic\n"})
    commit_all(other, "Topic")
    old = git(other, "rev-parse", "topic")
    git(other, "rebase", "main", check=False)
    repository = Repository.discover(root)
    with pytest.raises(RepositoryError, match=rf"topic is in a rebase in {other}"):
        checkout_branch_to(repository, "topic", repository.resolve("result"), old=old)
    git(other, "rebase", "--abort")
    git(other, "checkout", "-q", "--detach")
    assert checkout_branch_to(repository, "topic", repository.resolve("result"), old=old).new


def test_another_branch_than_the_one_in_a_merge_can_be_moved(root: Path) -> None:
    git(root, "branch", "free", "main")
    git(root, "merge", "side", check=False)
    repository = Repository.discover(root)
    old, new = repository.resolve("free"), repository.resolve("result")
    assert checkout_branch_to(repository, "free", new, old=old).written == ()
    assert repository.branch_tip("free") == new


def test_an_ended_operation_stands_in_no_way(root: Path) -> None:
    git(root, "merge", "side", check=False)
    git(root, "merge", "--abort")
    repository = Repository.discover(root)
    assert find_operation(repository.git_dir, root) is None
    old, new = repository.resolve("main"), repository.resolve("result")
    assert checkout_branch_to(repository, "main", new, old=old).written == ("new.txt",)
