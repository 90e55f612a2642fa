"""The repository around a directory, and the signature of a person in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from devassist.domain.errors import RepositoryError
from devassist.git.objects.identity import Signature
from devassist.git.repository import Repository
from unit.git.test_support import Lab, isolate, new_lab


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return new_lab(tmp_path)


def test_what_cannot_be_used_is_said_with_a_hint(tmp_path: Path) -> None:
    lab = Lab(tmp_path, isolate(tmp_path / "home"))
    for name, args in (("none", ()), ("bare", ("init", "-q", "--bare")), ("empty", ("init", "-q"))):
        place = tmp_path / name
        place.mkdir()
        if args:
            lab.git(*args, cwd=place)
        with pytest.raises(RepositoryError) as caught:
            Repository.discover(place)
        assert caught.value.hint
        assert caught.value.exit_code == 2


def test_subdirectories_linked_worktrees_and_detached_heads_are_fine(lab: Lab) -> None:
    here = Repository.discover(lab.root / "src")
    assert (here.prefix, here.root, here.workdir) == ("src/", lab.root, lab.root)
    assert (here.head_branch, here.head_commit) == ("main", lab.git("rev-parse", "HEAD"))
    lab.git("worktree", "add", "-q", "-b", "side", str(lab.base / "side"))
    side = Repository.discover(lab.base / "side/src")
    assert (side.common_dir, side.root, side.workdir, side.head_branch) == (
        lab.root / ".git",
        lab.root,
        lab.base / "side",
        "side",
    )
    assert side.state_name == here.state_name
    assert here.state_name.startswith("repo-")
    lab.git("checkout", "-q", "--detach")
    assert lab.repository.head_branch is None


def test_a_bare_repository_with_worktrees_works_from_one_of_them(lab: Lab) -> None:
    lab.git("clone", "-q", "--bare", str(lab.root), str(lab.base / "bare.git"))
    lab.git("worktree", "add", "-q", str(lab.base / "w"), "main", cwd=lab.base / "bare.git")
    found = Repository.discover(lab.base / "w")
    assert found.root == found.workdir == lab.base / "w"
    assert found.common_dir == lab.base / "bare.git"


def test_a_signature_is_always_found(lab: Lab) -> None:
    assert lab.repository.signature({}) == Signature("devassist", "devassist@localhost")
    assert lab.repository.signature({"GIT_AUTHOR_NAME": "Au", "GIT_COMMITTER_NAME": " <> "}).name == "Au"
    (lab.base / "home/.gitconfig").write_text("[user]\n\tname = Global\n\temail = g@x\n")
    assert lab.repository.signature({}).name == "Global"
    lab.git("config", "user.name", "Local\nName")
    found = lab.repository.signature({"GIT_COMMITTER_EMAIL": "c@x"})
    assert (found.name, found.email) == ("Local Name", "c@x")
    assert lab.repository.commit_tree(
        lab.repository.tree_of(lab.repository.head_commit), (), "m", found, found
    )
