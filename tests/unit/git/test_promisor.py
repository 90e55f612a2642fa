"""Partial clones: what is missing is fetched when it is read, or the command says what to run."""

from __future__ import annotations

from pathlib import Path

import pytest

from devassist.domain.errors import NotFound, Refused
from devassist.git.handles import promisor_of
from devassist.git.merging.merge import merge_in_memory
from devassist.git.merging.scratch import ScratchObjects
from devassist.git.repository import Repository
from devassist.git.worktree.worktrees import open_worktree
from support.repos import commit_all, git, make_repository, put

LINES = "".join(f"line {n}\n" for n in range(20))


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone without any blob of a repository with the branches main, left and right."""
    origin = make_repository(tmp_path / "origin", {"a.txt": LINES, "sub/b.txt": "b\n", "c.txt": "c\n"})
    git(origin, "config", "uploadpack.allowFilter", "true")
    for name, old, new in (("left", "line 1\n", "LEFT\n"), ("right", "line 18\n", "RIGHT\n")):
        git(origin, "checkout", "-q", "-b", name, "main")
        put(origin, {"a.txt": LINES.replace(old, new), f"{name}.txt": f"{name}\n"})
        commit_all(origin, name)
    git(origin, "checkout", "-q", "main")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{origin}", str(clone))
    for name in ("left", "right"):
        git(clone, "branch", "-q", name, f"origin/{name}")
    return clone


def missing(clone: Path) -> int:
    return git(clone, "rev-list", "--objects", "--all", "--missing=print").count("\n?")


def test_a_file_is_fetched_when_it_is_read(clone: Path) -> None:
    repository = Repository.discover(clone)
    before = missing(clone)
    assert repository.read_file(repository.head_commit, "c.txt") == b"c\n"
    assert missing(clone) == before - 1
    assert "+LEFT" in repository.diff(*map(repository.resolve, ("main", "left")))
    assert Repository.discover(clone).read_file(repository.resolve("right"), "right.txt") == b"right\n"


def test_an_object_that_nobody_has_is_not_found(clone: Path) -> None:
    repository = Repository.discover(clone)
    with pytest.raises(NotFound):
        repository.resolve("1" * 40)
    with pytest.raises(NotFound):
        repository.resolve("1234567")


def test_an_agents_worktree_is_filled_with_one_question(clone: Path, tmp_path: Path) -> None:
    repository = Repository.discover(clone)
    worktree = open_worktree(
        repository, name="da-x", path=tmp_path / "agent", branch="devassist/x",
        commit=repository.head_commit, reason="devassist",
    )  # fmt: skip
    assert (worktree.path / "sub/b.txt").read_text() == "b\n"
    packs = list((clone / ".git/objects/pack").glob("*.pack"))
    assert len(packs) == 2
    put(worktree.path, {"c.txt": "changed\n"})
    who = repository.signature({})
    assert worktree.commit(["c.txt"], "Change", author=who, committer=who)
    assert "+changed" in repository.diff(repository.head_commit, worktree.head_commit)


def test_branches_are_merged_although_their_files_are_missing(clone: Path) -> None:
    repository = Repository.discover(clone)
    left, right = map(repository.resolve, ("left", "right"))
    merged = merge_in_memory(repository, left, right, environment={"PATH": "/usr/bin:/bin"})
    assert merged.tree is not None
    text = LINES.replace("line 1\n", "LEFT\n").replace("line 18\n", "RIGHT\n")
    assert git(clone, "cat-file", "-p", f"{merged.tree}:a.txt") + "\n" == text
    with ScratchObjects.create(repository) as scratch:
        assert scratch.view().read_file(repository.resolve("main"), "sub/b.txt") == b"b\n"


def test_a_sparse_partial_clone_fetches_only_what_it_checks_out(clone: Path, tmp_path: Path) -> None:
    git(clone, "sparse-checkout", "set", "sub")
    git(clone, "checkout", "-q", "main")
    git(clone, "checkout", "-q", "--detach", "left")
    before = missing(clone)
    repository = Repository.discover(clone)
    open_worktree(
        repository, name="da-x", path=tmp_path / "agent", branch="devassist/x",
        commit=repository.head_commit, reason="devassist",
    )  # fmt: skip
    assert missing(clone) == before


def test_a_remote_that_cannot_be_reached_is_a_refusal_with_the_command_to_run(
    clone: Path, tmp_path: Path
) -> None:
    (tmp_path / "origin").rename(tmp_path / "away")
    repository = Repository.discover(clone)
    with pytest.raises(Refused, match="cannot be fetched from origin") as caught:
        repository.read_file(repository.head_commit, "c.txt")
    assert caught.value.exit_code == 6
    assert "git fetch --refetch --no-filter origin" in caught.value.hint
    with pytest.raises(Refused):
        open_worktree(
            repository, name="da-x", path=tmp_path / "agent", branch="devassist/x",
            commit=repository.head_commit, reason="devassist",
        )  # fmt: skip
    assert repository.branch_tip("devassist/x") is None
    assert not (tmp_path / "agent").exists()


def test_a_complete_repository_has_nobody_to_ask(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "repo", {"promisor": "a\n"})
    assert promisor_of(root / ".git") is None
