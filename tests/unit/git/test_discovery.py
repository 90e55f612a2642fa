"""Finding the repository around a directory as git finds it, where libgit2 would look elsewhere."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from devassist.domain.errors import RepositoryError
from devassist.git.repository import Repository
from devassist.git.worktree.checkout import checkout_branch_to
from devassist.git.worktree.listing import list_worktrees
from devassist.git.worktree.live import live_worktrees
from devassist.git.worktree.uncommitted import dirty_paths
from devassist.git.worktree.worktrees import open_worktree
from support.repos import commit_all, git, make_repository, put

FILES = {"a.txt": "a\n", "sub/b.txt": "b\n"}


def separate(tmp_path: Path, git_dir: Path) -> Path:
    root = tmp_path / "files"
    root.mkdir()
    git_dir.parent.mkdir(parents=True, exist_ok=True)
    git(root, "init", "-q", "-b", "main", f"--separate-git-dir={git_dir}")
    put(root, FILES)
    commit_all(root, "First")
    return root


def test_a_git_directory_elsewhere_does_not_move_the_files(tmp_path: Path) -> None:
    root = separate(tmp_path, tmp_path / "store" / "files.git")
    here = Repository.discover(root / "sub")
    assert (here.workdir, here.root, here.git_dir) == (root, root, tmp_path / "store/files.git")
    assert (here.prefix, here.common_dir) == ("sub/", here.git_dir)
    assert not dirty_paths(here)
    put(root, {"new.txt": "n\n"})
    assert dirty_paths(here).untracked == ("new.txt",)
    assert live_worktrees(here) == {"main": root}
    again = here.reopened()
    assert (again.places, dirty_paths(again)) == (here.places, dirty_paths(here))
    assert again.handle is not here.handle


def test_a_git_directory_below_another_clone_is_not_that_clones(tmp_path: Path) -> None:
    outer = make_repository(tmp_path / "outer", {"o.txt": "o\n"})
    root = separate(tmp_path, outer / "kept" / "inner.git")
    here = Repository.discover(root)
    assert here.workdir == root
    here.create_ref("refs/heads/made", here.head_commit)
    assert "made" not in git(outer, "branch")
    assert "made" in git(root, "branch")


def test_agents_worktrees_of_a_separate_git_directory_commit_and_merge_into_its_files(tmp_path: Path) -> None:
    root = separate(tmp_path, tmp_path / "files.git")
    here = Repository.discover(root)
    old = here.head_commit
    agent = open_worktree(
        here, name="da-x", path=tmp_path / "agent", branch="devassist/x", commit=old, reason="devassist"
    )
    put(agent.path, {"sub/b.txt": "changed\n", "c.txt": "c\n"})
    who = here.signature({})
    new = agent.commit(["sub/b.txt", "c.txt"], "Work", author=who, committer=who)
    assert new is not None
    checkout_branch_to(here, "main", new, old=old)
    assert (root / "sub/b.txt").read_text() == "changed\n"
    assert git(root, "status", "--porcelain") == ""
    assert agent.remove() is None


def test_a_linked_worktree_of_a_separate_git_directory_does_not_invent_the_main_one(tmp_path: Path) -> None:
    root = separate(tmp_path, tmp_path / "store" / "files.git")
    git(root, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    side = Repository.discover(tmp_path / "side")
    assert side.workdir == side.root == tmp_path / "side"
    assert side.places.main is None
    assert not dirty_paths(side)
    assert live_worktrees(side) == {"side": tmp_path / "side"}
    tip = side.branch_tip("main") or ""
    with pytest.raises(RepositoryError, match=r"checked out in the main worktree of .*files\.git"):
        checkout_branch_to(side, "main", tip, old=tip)


def test_a_submodule_is_a_repository_of_its_own(tmp_path: Path) -> None:
    library = make_repository(tmp_path / "library", FILES)
    above = make_repository(tmp_path / "above", {"x.txt": "x\n"})
    git(above, "submodule", "add", "-q", str(library), "lib")
    here = Repository.discover(above / "lib" / "sub")
    assert (here.workdir, here.root, here.prefix) == (above / "lib", above / "lib", "sub/")
    assert not dirty_paths(here)
    git(above / "lib", "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    side = Repository.discover(tmp_path / "side")
    assert (side.workdir, side.root) == (tmp_path / "side", above / "lib")


def test_git_dir_and_git_work_tree_count_as_for_git(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "repo", FILES)
    other = make_repository(tmp_path / "other", FILES)
    here = Repository.discover(
        root, environment={"GIT_DIR": str(other / ".git"), "GIT_WORK_TREE": str(other)}
    )
    assert (here.workdir, here.git_dir) == (other, other / ".git")
    home = tmp_path / "home"
    home.mkdir()
    git(tmp_path, "clone", "-q", "--bare", str(root), str(tmp_path / "dotfiles"))
    dotfiles = {"GIT_DIR": str(tmp_path / "dotfiles"), "GIT_WORK_TREE": str(home)}
    put(home, FILES)
    bare = Repository.discover(home / "sub", environment=dotfiles)
    assert (bare.workdir, bare.prefix) == (home, "sub/")
    assert dirty_paths(bare).unstaged == ()


@pytest.mark.parametrize("name", ["GIT_DIR", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"])
def test_a_variable_that_leads_nowhere_is_named(tmp_path: Path, name: str) -> None:
    root = make_repository(tmp_path / "repo", FILES)
    with pytest.raises(RepositoryError, match=name) as caught:
        Repository.discover(root, environment={name: str(tmp_path / "none")})
    assert caught.value.hint.startswith("unset")


def test_a_ceiling_ends_the_search_as_for_git(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "repo", FILES)
    with pytest.raises(RepositoryError, match="not inside a git repository"):
        Repository.discover(root / "sub", environment={"GIT_CEILING_DIRECTORIES": str(root)})


def test_sha256_objects_are_said_in_one_sentence(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    root.mkdir()
    git(root, "init", "-q", "--object-format=sha256")
    put(root, FILES)
    commit_all(root, "First")
    with pytest.raises(RepositoryError, match="SHA-256") as caught:
        Repository.discover(root)
    assert caught.value.hint


def test_an_ordinary_repository_needs_no_git_program(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "repo", FILES)
    git(root, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    main = Repository.discover(root, program_path="/none")
    side = Repository.discover(tmp_path / "side" / "sub", program_path="/none")
    assert main.places == dataclasses.replace(side.places, git_dir=root / ".git", workdir=root)


def test_worktrees_with_relative_pointers_are_found_where_they_are(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "repo", FILES)
    git(root, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    (root / ".git/worktrees/side/gitdir").write_text("../../../../side/.git\n")
    (tmp_path / "side/.git").write_text("gitdir: ../repo/.git/worktrees/side\n")
    here = Repository.discover(root)
    assert live_worktrees(here) == {"side": tmp_path / "side", "main": root}
    (state,) = list_worktrees(here)
    assert (state.path, state.missing, state.dirty) == (tmp_path / "side", False, False)
    with pytest.raises(RepositoryError, match=f"checked out in {tmp_path / 'side'}"):
        checkout_branch_to(here, "side", here.head_commit, old=here.head_commit)
    assert Repository.discover(tmp_path / "side" / "sub").places.main == root


@pytest.mark.parametrize(
    ("setting", "hint"),
    [("extensions.refStorage", "git refs migrate"), ("extensions.unheardOf", "undo the extension")],
)
def test_an_extension_that_cannot_be_read_is_said_with_what_helps(
    tmp_path: Path, setting: str, hint: str
) -> None:
    root = make_repository(tmp_path / "repo", FILES)
    git(root, "config", setting, "reftable")
    git(root, "config", "core.repositoryFormatVersion", "1", check=False)
    with pytest.raises(RepositoryError) as caught:
        Repository.discover(root)
    assert hint in caught.value.hint


def test_a_split_index_is_said_with_the_command_that_makes_it_whole(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "repo", FILES)
    git(root, "update-index", "--split-index")
    with pytest.raises(RepositoryError) as caught:
        dirty_paths(Repository.discover(root))
    assert "--no-split-index" in caught.value.hint
