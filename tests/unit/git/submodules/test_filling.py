"""Submodules are there to be read in agents' worktrees, and no change of them is an agent's."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest

from devassist.domain.choice.privacy import PrivatePaths
from devassist.git.repository import Repository
from devassist.git.submodules.filling import submodules_of
from devassist.git.worktree.worktree import Worktree
from devassist.git.worktree.worktrees import detached_worktree, open_worktree
from support.repos import commit_all, git, make_repository, put


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with the submodule `lib`, which has the submodule `deep` inside, both initialised."""
    deep = make_repository(tmp_path / "deep", {"d.txt": "deep\n"})
    library = make_repository(tmp_path / "library", {"f.txt": "old\n", "pkg/run.sh": "#!/bin/sh\n"})
    git(library, "submodule", "add", "-q", str(deep), "in/deep")
    commit_all(library, "With a submodule")
    root = make_repository(tmp_path / "repo", {"a.txt": "a\n"})
    git(root, "submodule", "add", "-q", str(library), "lib")
    git(root, "submodule", "update", "-q", "--init", "--recursive")
    commit_all(root, "With a submodule")
    return root


def opened(root: Path, tmp_path: Path, hidden: PrivatePaths | None = None) -> Worktree:
    repository = Repository.discover(root)
    return open_worktree(
        repository, name="da-x", path=tmp_path / "agent", branch="devassist/x", commit=repository.head_commit,
        reason="devassist", hidden=hidden or PrivatePaths(),
    )  # fmt: skip


def test_initialised_ones_are_there_as_recorded_and_read_only(root: Path, tmp_path: Path) -> None:
    put(root, {"lib/f.txt": "the person's change\n"})
    worktree = opened(root, tmp_path)
    library = worktree.path / "lib"
    assert (library / "f.txt").read_text() == "old\n"
    assert (library / "in/deep/d.txt").read_text() == "deep\n"
    assert not list(worktree.path.glob("lib/**/.git"))
    for path in (library, library / "pkg", library / "f.txt", library / "in/deep/d.txt"):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o222, path
    assert worktree.is_clean
    assert git(worktree.path, "status", "--porcelain") == ""
    assert git(root, "-C", "lib", "status", "--porcelain") == " M f.txt", (
        "the person's own clone is as it was"
    )
    assert worktree.remove() is None
    assert not worktree.path.exists()


def test_whatever_happens_inside_is_no_change(root: Path, tmp_path: Path) -> None:
    worktree = opened(root, tmp_path)
    (worktree.path / "lib").chmod(0o755)
    (worktree.path / "lib/f.txt").chmod(0o644)
    put(worktree.path, {"lib/f.txt": "changed\n", "lib/new.txt": "new\n", "a.txt": "changed\n"})
    assert worktree.changes(["lib/new.txt"]).paths == ("a.txt",)
    assert worktree.submodule_above("lib/new.txt") == "lib"
    assert worktree.submodule_above("a.txt") == worktree.submodule_above("lib") == ""
    who = worktree.repository.signature({})
    new = worktree.commit(["a.txt", "lib/new.txt", "lib/f.txt"], "Change", author=who, committer=who)
    assert git(root, "diff", "--name-only", "HEAD", new or "") == "a.txt"
    put(worktree.path, {"lib/x/.git/config": "[core]\n"})
    assert worktree.changes().embedded == ("lib/x",)


def test_a_worktree_for_checks_has_them_after_each_reset(root: Path, tmp_path: Path) -> None:
    repository = Repository.discover(root)
    gate = detached_worktree(repository, name="da-g", path=tmp_path / "gate", commit=repository.head_commit)
    put(root, {"a.txt": "later\n"})
    gate.reset_to(commit_all(root, "Later"))
    assert (gate.path / "lib/f.txt").read_text() == "old\n"
    assert (gate.path / "a.txt").read_text() == "later\n"
    assert gate.is_clean


def test_one_that_is_not_initialised_is_empty_and_named(root: Path, tmp_path: Path) -> None:
    git(root, "submodule", "deinit", "-q", "--force", "lib")
    repository = Repository.discover(root)
    submodules = submodules_of(repository, repository.tree_of(repository.head_commit))
    assert [(one.path, one.git_dir) for one in submodules] == [("lib", None)]
    worktree = opened(root, tmp_path)
    assert list((worktree.path / "lib").iterdir()) == []
    put(worktree.path, {"lib/hidden": "h\n"})
    assert worktree.changes().embedded == ("lib",)
    assert worktree.changes(["lib/hidden"]).paths == ()


def test_a_commit_that_was_not_fetched_is_not_initialised(root: Path, tmp_path: Path) -> None:
    git(root, "update-index", "--cacheinfo", f"160000,{'1' * 40},lib")
    git(root, "commit", "-q", "-m", "Somewhere else")
    worktree = opened(root, tmp_path)
    assert list((worktree.path / "lib").iterdir()) == []
    assert worktree.is_clean


def test_an_old_clone_with_a_git_directory_inside_counts_as_well(root: Path, tmp_path: Path) -> None:
    pointer = root / "lib/.git"
    modules = root / ".git/modules/lib"
    pointer.unlink()
    git(root, "config", "--file", str(modules / "config"), "--unset", "core.worktree")
    shutil.move(modules, pointer)
    assert (opened(root, tmp_path).path / "lib/f.txt").read_text() == "old\n"


def test_private_files_inside_keep_it_empty(root: Path, tmp_path: Path) -> None:
    worktree = opened(root, tmp_path, PrivatePaths(("lib/pkg/**",)))
    assert list((worktree.path / "lib").iterdir()) == []


def test_one_that_is_a_partial_clone_is_fetched_first(root: Path, tmp_path: Path) -> None:
    git(tmp_path / "library", "config", "uploadpack.allowFilter", "true")
    shutil.rmtree(root / ".git/modules/lib")
    shutil.rmtree(root / "lib")
    git(root, "clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{tmp_path / 'library'}", "lib")
    assert (opened(root, tmp_path).path / "lib/f.txt").read_text() == "old\n"
