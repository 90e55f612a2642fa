"""What of the checkout a run starts from, and what a person is told of the rest."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from devassist.app.wiring.host import Host
from devassist.app.wiring.project import Project, open_project
from devassist.app.wiring.run_base import base_of
from support.repos import git, make_repository, put, tree_files

VENV: Mapping[str, str] = {f".venv/lib/module_{n}.py": "x\n" for n in range(9)}
WORK: Mapping[str, str] = {"notes/a.md": "a\n", "notes/b.md": "b\n"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = make_repository(tmp_path / "repo")
    put(root, {**VENV, **WORK})
    environment = {"HOME": str(tmp_path / "home"), "PATH": os.environ["PATH"]}
    return open_project(Host(environment=environment, directory=root))


def test_uncommitted_work_is_told_by_directories_and_without_build_products(project: Project) -> None:
    base, warnings = base_of(project, "", include_dirty=False)
    assert warnings == [
        f"uncommitted work is left out (the base is {base[:12]}): notes/; --include-dirty includes it"
    ]


def test_an_environment_that_git_does_not_ignore_is_no_uncommitted_work(project: Project) -> None:
    base, warnings = base_of(project, "", include_dirty=True)
    files = tree_files(project.repository.root, base)
    assert set(WORK) <= set(files)
    assert not set(VENV) & set(files)
    assert warnings == ["untracked build products are not in the base: .venv/; 'git add' puts them in"]


def test_what_a_person_has_staged_is_in_the_base_whatever_it_is_called(project: Project) -> None:
    git(project.repository.root, "add", ".venv")
    base, warnings = base_of(project, "", include_dirty=True)
    assert set(VENV) <= set(tree_files(project.repository.root, base))
    assert warnings == []
