"""Files that nobody has committed yet, as git would store them, in a directory that is thrown away."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from devassist.git.merging.scratch import ScratchObjects
from devassist.git.repository import Repository
from support.repos import commit_all, git, make_repository, put

SAVED = {"d/w.txt": b"a\r\nb\r\n", "new.txt": b"x\r\n", "bin": b"\0\r\n", "gone.txt": None}


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "repo", {"d/w.txt": "a\n", "gone.txt": "g\n", "far/away.txt": "f\n"})


@pytest.fixture
def scratch(repo: Path) -> Iterator[ScratchObjects]:
    with ScratchObjects.create(Repository.discover(repo)) as made:
        yield made


def save(repo: Path) -> None:
    for path, content in SAVED.items():
        if content is None:
            (repo / path).unlink()
        else:
            (repo / path).write_bytes(content)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("", ""),
        (".gitattributes", "*.txt text eol=crlf\n"),
        ("d/.gitattributes", "*.txt text\n"),
        ("far/.gitattributes", "*.txt text\n"),
        (".git/info/attributes", "*.txt text\n"),
        ("config", "core.autocrlf"),
    ],
)
def test_a_save_goes_in_as_git_add_would_store_it(
    repo: Path, scratch: ScratchObjects, name: str, content: str
) -> None:
    if name == "config":
        git(repo, "config", content, "input")
    elif name:
        put(repo, {name: content})
        if not name.startswith(".git/"):
            commit_all(repo, "attributes")
    save(repo)
    commit = scratch.snapshot_of(repo, list(SAVED))
    assert git(repo, "status", "--porcelain", "--", "bin") == "?? bin"
    git(repo, "add", "-A")
    tree = git(repo, "write-tree")
    assert scratch.view().tree_of(commit) == tree
    shutil.copytree(scratch.path, repo / ".git/objects", dirs_exist_ok=True)
    assert git(repo, "fsck", "--strict", commit) == ""
    assert git(repo, "rev-parse", f"{commit}^") == git(repo, "rev-parse", "HEAD")
    assert git(repo, "log", "-1", "--format=%an %ae %at", commit) == "devassist devassist@localhost 0"


def test_an_attributes_file_that_is_only_in_the_commit_still_counts(
    repo: Path, scratch: ScratchObjects
) -> None:
    put(repo, {".gitattributes": "*.txt text\n"})
    commit_all(repo, "attributes")
    (repo / ".gitattributes").unlink()
    save(repo)
    commit = scratch.snapshot_of(repo, list(SAVED))
    assert scratch.view().read_file(commit, "d/w.txt") == b"a\nb\n"


def test_what_a_killed_process_left_is_swept_and_what_another_holds_is_not(
    repo: Path, tmp_path: Path
) -> None:
    below = tmp_path / "scratch"
    below.mkdir()
    repository = Repository.discover(repo)
    held = ScratchObjects.create(repository, below)
    for name in ("left", "fresh", "foreign"):
        (below / f"devassist-objects-{name}" / "aa").mkdir(parents=True)
        if name != "foreign":
            (below / f"devassist-objects-{name}" / "owner.lock").touch()
    (below / "devassist-objects-link").symlink_to(repo)
    (below / "another").mkdir()
    for path in below.iterdir():
        if path.name != "devassist-objects-fresh":
            os.utime(path, (1, 1), follow_symlinks=False)
    with ScratchObjects.create(repository, below) as mine:
        names = {path.name.removeprefix("devassist-objects-") for path in below.iterdir()}
        ours = {path.name.removeprefix("devassist-objects-") for path in (held.path, mine.path)}
        assert names == {*ours, "fresh", "foreign", "link", "another"}
    held.close()
    assert not held.path.exists()
    assert (repo / ".git").exists()
