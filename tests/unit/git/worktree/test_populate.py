"""A new worktree is filled as git fills it, without running what the repository's configuration names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from devassist.domain.errors import Refused, RepositoryError
from devassist.git.repository import Repository
from devassist.git.worktree.checkout import checkout_branch_to
from devassist.git.worktree.uncommitted import dirty_paths
from devassist.git.worktree.worktrees import detached_worktree, open_worktree
from unit.git.test_support import ME, Lab, new_lab, tree_bytes


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return new_lab(tmp_path)


def test_a_required_filter_is_not_run_and_its_pointer_is_what_is_checked_out(lab: Lab) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n"
    lab.commit({".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n", "a.bin": pointer})
    for key, value in {"smudge": "touch ran; cat", "process": "touch ran", "required": "true"}.items():
        lab.git("config", f"filter.lfs.{key}", value)
    worktree = lab.open()
    assert (worktree.path / "a.bin").read_text() == pointer
    assert worktree.is_clean
    assert not (worktree.path / "ran").exists()


def test_line_endings_follow_the_settings_of_the_repository(lab: Lab) -> None:
    lab.git("config", "core.autocrlf", "true")
    worktree = lab.open()
    assert (worktree.path / "README.md").read_bytes() == b"hello\r\n"
    assert worktree.is_clean
    lab.check_sound(worktree.path)


def test_names_of_any_bytes_come_with_the_endings_that_their_attributes_ask_for(lab: Lab) -> None:
    name = os.fsdecode(b"bad\xff.txt")
    lab.commit({".gitattributes": "*.txt eol=crlf\n"})
    (lab.root / name).write_bytes(b"x\n")
    lab.git("add", "-A")
    lab.git("commit", "-qm", "odd name")
    worktree = lab.open()
    assert (worktree.path / name).read_bytes() == b"x\r\n"
    assert lab.git("status", "--porcelain", cwd=worktree.path) == ""


def test_links_and_executable_bits_are_set(lab: Lab) -> None:
    (lab.root / "link").symlink_to("src/../README.md")
    (lab.root / "dangling").symlink_to("nowhere")
    lab.commit({"run.sh": "#!/bin/sh\n"})
    (lab.root / "run.sh").chmod(0o755)
    lab.git("commit", "-qam", "executable")
    worktree = lab.open()
    assert tree_bytes(worktree.path) == tree_bytes(lab.root)
    assert os.access(worktree.path / "run.sh", os.X_OK)
    assert not os.access(worktree.path / "README.md", os.X_OK)


@pytest.mark.parametrize(
    "setting", ["core.splitIndex", "index.sparse", "feature.manyFiles", "index.skipHash"]
)
def test_the_index_can_be_read_whatever_format_the_repository_prefers(lab: Lab, setting: str) -> None:
    lab.git("config", setting, "true")
    worktree = lab.open()
    assert worktree.is_clean
    assert not list((lab.root / ".git/worktrees/da-one").glob("sharedindex*"))


def test_a_tree_that_cannot_be_checked_out_takes_the_worktree_and_its_branch_back(lab: Lab) -> None:
    blob = lab.git("rev-parse", "HEAD:README.md")
    objects = lab.root / ".git/objects"
    (objects / blob[:2] / blob[2:]).unlink()
    with pytest.raises(RepositoryError, match="could not check out"):
        lab.open()
    assert not (lab.base / "state/da-one").exists()
    assert "devassist" not in lab.git("for-each-ref")


def test_a_machine_without_git_is_refused(lab: Lab) -> None:
    repository = Repository.discover(lab.root, program_path=str(lab.base / "empty"))
    with pytest.raises(Refused, match="git is not installed"):
        open_worktree(
            repository,
            name="da-one",
            path=lab.base / "state/da-one",
            branch="devassist/b",
            commit=repository.head_commit,
            reason="devassist",
        )
    assert "devassist" not in lab.git("for-each-ref")


def test_what_a_run_changed_is_there_outside_a_sparse_checkout_too(lab: Lab) -> None:
    lab.commit({"in/a.txt": "1\n", "out/b.txt": "2\n", "out/c.txt": "3\n"})
    lab.git("sparse-checkout", "set", "in")
    repository, base = lab.repository, lab.git("rev-parse", "HEAD")
    assert not dirty_paths(repository)
    worktree = lab.open()
    assert not (worktree.path / "out").exists()
    lab.write({"out/b.txt": "changed\n", "out/new.txt": "new\n"}, worktree.path)
    commit = worktree.commit(["out/b.txt", "out/new.txt"], "Outside", author=ME, committer=ME) or ""
    gate = detached_worktree(repository, name="da-gate", path=lab.base / "gate", commit=base)
    gate.reset_to(commit)
    fresh = detached_worktree(repository, name="da-fresh", path=lab.base / "fresh", commit=commit, base=base)
    for place in (gate, fresh):
        assert sorted(path.name for path in (place.path / "out").iterdir()) == ["b.txt", "new.txt"]
        assert place.is_clean
        assert lab.git("status", "--porcelain", cwd=place.path) == ""
    checkout_branch_to(repository, "main", commit, old=base)
    assert not (lab.root / "out").exists()
    assert not dirty_paths(repository)
    assert lab.git("status", "--porcelain") == ""
    lab.write({"out/b.txt": "mine\n"})
    assert dirty_paths(repository).unstaged == ("out/b.txt",)
