"""Pushing: git itself, one commit to one branch, never with force, no hook, and no password in what is said."""

from __future__ import annotations

import os
from pathlib import Path

import pygit2
import pytest

from devassist.domain.errors import Unfinished
from devassist.git.push import Remote, find_remote, push
from devassist.git.repository import Repository
from support.repos import commit_all, git
from unit.git.test_support import new_lab


class Lab:
    def __init__(self, root: Path) -> None:
        self.root = new_lab(root).root
        self.remote = root / "remote.git"
        pygit2.init_repository(str(self.remote), bare=True)
        pygit2.Repository(str(self.root)).remotes.create("origin", str(self.remote))
        self.repository = Repository.discover(self.root)
        self.head = self.repository.head_commit

    def push(self, commit: str, **environment: str) -> None:
        remote = find_remote(self.repository, "origin")
        assert remote is not None
        push(
            self.repository,
            remote,
            commit=commit,
            branch="b/result",
            environment={**os.environ, **environment},
        )


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def test_a_commit_becomes_the_branch_and_may_be_pushed_again(lab: Lab) -> None:
    lab.push(lab.head)
    lab.push(lab.head)
    newer = commit_all(lab.root, "newer")
    lab.push(newer)
    assert git(lab.remote, "rev-parse", "b/result") == newer
    assert git(lab.remote, "for-each-ref", "--format=%(refname)") == "refs/heads/b/result"


def test_what_is_not_a_descendant_is_refused_in_gits_words(lab: Lab) -> None:
    lab.push(commit_all(lab.root, "newer"))
    with pytest.raises(Unfinished, match="non-fast-forward") as refused:
        lab.push(lab.head)
    assert refused.value.exit_code == 1
    assert "force" in refused.value.hint


def test_no_hook_of_the_repository_runs(lab: Lab) -> None:
    hook = lab.root / ".git" / "hooks" / "pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {lab.root.parent}/ran\nexit 1\n")
    hook.chmod(0o755)
    lab.push(lab.head)
    assert not (lab.root.parent / "ran").exists()


def test_a_variable_that_leads_elsewhere_is_not_followed(lab: Lab) -> None:
    lab.push(lab.head, GIT_DIR="/nowhere", GIT_WORK_TREE="/nowhere")
    assert git(lab.remote, "rev-parse", "b/result") == lab.head


def test_a_password_in_the_url_is_not_said(lab: Lab) -> None:
    git(lab.root, "remote", "set-url", "origin", "https://ada:hunter2hunter2@127.0.0.1:1/us/repo.git")
    with pytest.raises(Unfinished) as refused:
        lab.push(lab.head)
    assert "hunter2" not in f"{refused.value} {refused.value.hint}"


@pytest.mark.parametrize(
    ("url", "web"),
    [
        ("https://github.com/us/repo.git", "https://github.com/us/repo"),
        ("https://ada:secret@github.com/us/repo", "https://github.com/us/repo"),
        ("git@github.com:us/repo.git", "https://github.com/us/repo"),
        ("ssh://git@git.example:2222/us/repo.git", "https://git.example/us/repo"),
        ("../remote.git", ""), ("/srv/git/repo.git", ""), ("file:///srv/repo.git", ""),
    ],
)  # fmt: skip
def test_a_remotes_address_for_a_browser(lab: Lab, url: str, web: str) -> None:
    git(lab.root, "remote", "set-url", "origin", url)
    assert find_remote(Repository.discover(lab.root), "origin") == Remote(name="origin", url=url, web=web)


@pytest.mark.parametrize("name", ["nowhere", "", "a b", "a.b", "é"])
def test_a_remote_that_is_not_there(lab: Lab, name: str) -> None:
    assert find_remote(lab.repository, name) is None
