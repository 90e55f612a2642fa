"""Trees edited without an index are the ones that git writes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devassist.git.objects.trees import Entry, Trees
from unit.git.test_support import Lab, new_lab


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return new_lab(tmp_path)


names = st.sampled_from(["a", "b", "a.b", "a-b", "a0", "ü", "z"])

paths = st.lists(names, min_size=1, max_size=3).map("/".join)


@settings(
    max_examples=settings.default.max_examples * 4 // 5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(edits=st.lists(st.tuples(paths, st.booleans()), max_size=12))
def test_edited_trees_are_the_ones_git_would_write(lab: Lab, edits: list[tuple[str, bool]]) -> None:
    """The same edits, one after another in `git update-index --replace`, give the same tree."""
    trees = Trees(lab.repository.handle)
    base = tree = lab.git("rev-parse", "HEAD^{tree}")
    blob = str(lab.repository.handle.create_blob(b"x"))
    env = lab.env | {"GIT_INDEX_FILE": str(lab.base / "scratch-index")}
    subprocess.run(["git", "read-tree", base], cwd=lab.root, env=env, check=True)
    arguments: list[str] = []
    for path, present in edits:
        tree = trees.edited(tree, {path: Entry(0o100644, blob) if present else None}, write=True)
        arguments += ["--cacheinfo", f"100644,{blob},{path}"] if present else ["--force-remove", path]
    subprocess.run(
        ["git", "update-index", "--replace", "--add", *arguments], cwd=lab.root, env=env, check=True
    )
    wanted = subprocess.run(["git", "write-tree"], cwd=lab.root, env=env, check=True, capture_output=True)
    assert tree == wanted.stdout.decode().strip()
