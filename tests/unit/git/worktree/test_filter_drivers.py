"""Content that has to go through a filter driver is never committed without it, and is otherwise left alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from devassist.domain.errors import Refused, RepositoryError
from devassist.git.merging.scratch import ScratchObjects
from devassist.git.repository import Repository
from devassist.git.worktree.checkout import apply_to_workdir
from devassist.git.worktree.snapshot import snapshot_dirty
from devassist.git.worktree.worktree import Worktree
from devassist.git.worktree.worktrees import open_worktree
from support.repos import commit_all, git, make_repository, put

ATTRIBUTES = (
    "*.sec filter=rot\n*.bin filter=lfs -text\n*.w16 text working-tree-encoding=UTF-16LE-BOM eol=crlf\n"
)
STORED = "frperg\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository whose a.sec is `secret` in the files and `frperg` in git, and big.bin is an LFS pointer."""
    root = make_repository(
        tmp_path / "repo", {"a.txt": "a\n", ".gitattributes": ATTRIBUTES, "big.bin": "version lfs\n"}
    )
    git(root, "config", "filter.rot.clean", "tr a-z n-za-m")
    git(root, "config", "filter.rot.smudge", "tr n-za-m a-z")
    put(root, {"a.sec": "secret\n", "sub/u.w16": "\ufeffä\r\nb\r\n".encode("utf-16-le")})
    commit_all(root, "Secret")
    assert git(root, "cat-file", "-p", "HEAD:a.sec") + "\n" == STORED
    return root


def agent(root: Path, tmp_path: Path) -> Worktree:
    repository = Repository.discover(root)
    return open_worktree(
        repository, name="da-x", path=tmp_path / "agent", branch="devassist/x",
        commit=repository.head_commit, reason="devassist",
    )  # fmt: skip


def test_an_untouched_file_is_unchanged_in_a_snapshot_of_everything(root: Path) -> None:
    put(root, {"a.txt": "changed\n"})
    repository = Repository.discover(root)
    snapshot = snapshot_dirty(repository, "Snapshot", repository.signature({}))
    assert git(root, "diff", "--name-only", "HEAD", snapshot.commit) == "a.txt"
    assert snapshot.left_out == {}


def test_a_changed_or_new_file_is_left_out_and_named(root: Path) -> None:
    put(root, {"a.txt": "changed\n", "a.sec": "other\n", "new.sec": "new\n", "big.bin": "raw\n"})
    repository = Repository.discover(root)
    snapshot = snapshot_dirty(repository, "Snapshot", repository.signature({}))
    assert git(root, "diff", "--name-only", "HEAD", snapshot.commit) == "a.txt"
    assert snapshot.left_out == {"a.sec": "rot", "new.sec": "rot", "big.bin": "lfs"}
    for plain in (b"other\n", b"new\n", b"raw\n"):
        blob = git(root, "hash-object", "--no-filters", "--stdin", stdin=plain)
        assert git(root, "cat-file", "-e", blob, check=False) == ""
        assert blob not in git(root, "cat-file", "--batch-all-objects", "--batch-check")


def test_uncommitted_work_is_compared_without_such_files(root: Path) -> None:
    put(root, {"a.sec": "other\n", "a.txt": "changed\n"})
    repository = Repository.discover(root)
    with ScratchObjects.create(repository) as scratch:
        for commit in (scratch.snapshot(root).commit, scratch.snapshot_of(root, ["a.sec", "a.txt"])):
            assert repository.changed_paths(scratch.view().head_commit, repository.head_commit) == ()
            view = scratch.view()
            assert view.changed_paths(view.head_commit, commit) == ("a.txt",)


def test_an_agents_worktree_has_what_is_stored_and_commits_no_change_of_it(
    root: Path, tmp_path: Path
) -> None:
    worktree = agent(root, tmp_path)
    assert (worktree.path / "a.sec").read_text() == STORED
    os.utime(worktree.path / "a.sec", (1, 1))
    assert worktree.is_clean
    put(worktree.path, {"a.sec": "plain\n", "new.sec": "plain\n", "b.txt": "b\n"})
    who = worktree.repository.signature({})
    for path in ("a.sec", "new.sec"):
        with pytest.raises(Refused, match="filter 'rot'"):
            worktree.commit([path, "b.txt"], "No", author=who, committer=who)
        assert worktree.driver_of(path) == "rot"
    assert worktree.driver_of("b.txt") == ""
    assert worktree.commit(["b.txt"], "Yes", author=who, committer=who)
    assert worktree.state_tree()
    assert "not committed" in (worktree.why_not_remove() or "")


def test_taking_the_attribute_away_in_the_files_does_not_let_plain_text_through(
    root: Path, tmp_path: Path
) -> None:
    worktree = agent(root, tmp_path)
    put(worktree.path, {".gitattributes": "", "a.sec": "plain\n"})
    who = worktree.repository.signature({})
    with pytest.raises(Refused, match="filter 'rot'"):
        worktree.commit(["a.sec"], "No", author=who, committer=who)


def test_such_a_file_can_be_moved_to_where_the_same_driver_applies(root: Path, tmp_path: Path) -> None:
    worktree = agent(root, tmp_path)
    (worktree.path / "a.sec").rename(worktree.path / "b.sec")
    who = worktree.repository.signature({})
    assert [change.driver for change in worktree.changes()] == [""]
    new = worktree.commit(["a.sec", "b.sec"], "Moved", author=who, committer=who)
    assert git(root, "cat-file", "-p", f"{new}:b.sec") + "\n" == STORED
    (worktree.path / "b.sec").rename(worktree.path / "c.bin")
    with pytest.raises(Refused, match="filter 'lfs'"):
        worktree.commit(["b.sec", "c.bin"], "Elsewhere", author=who, committer=who)


def test_such_a_file_can_be_deleted(root: Path, tmp_path: Path) -> None:
    worktree = agent(root, tmp_path)
    (worktree.path / "a.sec").unlink()
    who = worktree.repository.signature({})
    assert worktree.commit(["a.sec"], "Gone", author=who, committer=who)


def test_nothing_unfiltered_is_written_into_a_persons_files(root: Path) -> None:
    git(root, "checkout", "-q", "-b", "other")
    put(root, {"a.sec": "other\n"})
    commit_all(root, "Other")
    git(root, "checkout", "-q", "main")
    repository = Repository.discover(root)
    trees = [repository.tree_of(repository.resolve(name)) for name in ("main", "other")]
    with pytest.raises(RepositoryError, match="filter 'rot'"):
        apply_to_workdir(repository, trees[0], trees[1])
    assert (root / "a.sec").read_text() == "secret\n"


def test_a_text_in_an_encoding_is_stored_as_git_stores_it(root: Path, tmp_path: Path) -> None:
    worktree = agent(root, tmp_path)
    file = worktree.path / "sub/u.w16"
    assert file.read_bytes() == "\ufeffä\r\nb\r\n".encode("utf-16-le")
    os.utime(file, (1, 1))
    assert worktree.is_clean
    file.write_bytes("\ufeffö\r\n".encode("utf-16-le"))
    who = worktree.repository.signature({})
    new = worktree.commit(["sub/u.w16"], "Text", author=who, committer=who)
    assert git(root, "cat-file", "-p", f"{new}:sub/u.w16") == "ö"
    old = worktree.repository.head_commit
    repository = Repository.discover(root)
    apply_to_workdir(repository, repository.tree_of(old), repository.tree_of(new or ""))
    assert (root / "sub/u.w16").read_bytes() == "\ufeffö\r\n".encode("utf-16-le")
    assert git(root, "status", "--porcelain") == "M  sub/u.w16"
    file.write_bytes(b"odd")
    assert worktree.changes().paths == ("sub/u.w16",)
    with pytest.raises(Refused, match="not in UTF-16LE-BOM"):
        worktree.commit(["sub/u.w16"], "Odd", author=who, committer=who)


def test_the_drivers_of_a_repository_are_named(root: Path) -> None:
    put(root, {"sub/.gitattributes": "# x filter=no\n*.gpg filter=git-crypt diff=git-crypt\n"})
    commit_all(root, "More")
    repository = Repository.discover(root)
    assert repository.filter_drivers == {"rot", "lfs", "git-crypt"}
    assert repository.has_lfs
