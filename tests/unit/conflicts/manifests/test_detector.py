"""The manifest level on branches of a real repository."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from devassist.conflicts.manifests.detector import ManifestDetector
from devassist.domain.conflicts import Side
from devassist.git.merging.tree_view import TreeView
from unit.conflicts.manifests.workshop import (
    FOUR,
    Files,
    django,
    flask,
    view,
)
from unit.git.test_support import Lab, new_lab


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return new_lab(tmp_path)


def branch(lab: Lab, name: str, files: Files) -> Side:
    lab.git("checkout", "-q", "-b", name, "main")
    commit = lab.commit(dict(files))
    return Side(name=name, commit=commit, tree=lab.git("rev-parse", "HEAD^{tree}"))


def test_branches_that_git_merges_cleanly_are_reported_all_the_same(lab: Lab) -> None:
    lab.commit({**FOUR, **flask(), "requirements.txt": "a\nb\nc\nd\n", "x.proto": "message A {\n}\n"})
    base = lab.git("rev-parse", "HEAD^{tree}")
    ours = {
        **django("0005_a", "0004_x"),
        "requirements.txt": "lib==1\na\nb\nc\nd\n",
        **view("app.route('/users')", "a", head="from app import app\n", path="one.py"),
    }
    theirs = {
        **django("0005_b", "0004_x"),
        "requirements.txt": "a\nb\nc\nd\nlib==2\n",
        **view("app.route('/users')", "b", head="from app import app\n", path="two.py"),
    }
    sides = [branch(lab, "alpha", ours), branch(lab, "beta", theirs)]
    merge = subprocess.run(
        ["git", "merge-tree", "--write-tree", "alpha", "beta"],
        cwd=lab.root,
        env=lab.env,
        capture_output=True,
        check=False,
    )
    assert merge.returncode == 0, merge.stdout
    found = ManifestDetector(TreeView(lab.repository)).detect(base, sides)
    assert sorted((one.kind, str(one.severity)) for one in found) == [
        ("dependency-clash", "error"),
        ("duplicate-route", "error"),
        ("migration-collision", "error"),
    ]
    again = ManifestDetector(TreeView(lab.repository)).detect(base, sides[::-1])
    assert {one.id for one in again} == {one.id for one in found}


def test_a_branch_against_itself_or_nothing_is_quiet(lab: Lab) -> None:
    base = lab.git("rev-parse", "HEAD^{tree}")
    one = branch(lab, "alpha", view("app.route('/users')", "a"))
    same = Side(name="beta", commit=one.commit, tree=one.tree)
    nothing = Side(name="gamma", commit=one.commit, tree=base)
    assert ManifestDetector(TreeView(lab.repository)).detect(base, [one, same, nothing]) == ()


def test_links_and_binaries_are_left_alone(lab: Lab) -> None:
    base = lab.git("rev-parse", "HEAD^{tree}")
    (lab.root / "requirements.txt").symlink_to("README.md")
    one = branch(lab, "alpha", {"package.json": "\0\0"})
    two = branch(
        lab, "beta", {"requirements.txt": "lib==1\n", "package.json": '{"dependencies": {"lib": "1"}}'}
    )
    assert ManifestDetector(TreeView(lab.repository)).detect(base, [one, two]) == ()
