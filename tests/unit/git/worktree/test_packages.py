"""The packages of the main checkout, in a worktree that has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from devassist.git.repository import Repository
from devassist.git.worktree.packages import lend_packages, package_directories
from support.repos import make_repository


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = make_repository(tmp_path / "root")
    for path in (
        "package.json",
        "node_modules/.bin/own",
        "node_modules/.vite/cache",
        "node_modules/left-pad/index.js",
        "node_modules/@types/node/index.d.ts",
        "packages/web/package.json",
        "packages/web/node_modules/react/index.js",
        "vendor/node_modules/x/index.js",
    ):
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)
    (root / "node_modules/.bin/pad").symlink_to("../left-pad/index.js")
    (root / "node_modules/web").symlink_to("../packages/web")
    return root


@pytest.fixture
def repository(root: Path) -> Repository:
    return Repository.discover(root)


@pytest.fixture
def worktree(tmp_path: Path) -> Path:
    worktree = tmp_path / "worktree"
    (worktree / "packages/web").mkdir(parents=True)
    for path in ("package.json", "packages/web/package.json"):
        (worktree / path).write_text("{}")
    return worktree


def test_packages_of_a_project_and_its_workspaces_are_found(repository: Repository, root: Path) -> None:
    assert package_directories(repository) == [root / "node_modules", root / "packages/web/node_modules"]


def test_a_worktree_finds_packages_and_their_programs(
    repository: Repository, root: Path, worktree: Path
) -> None:
    lend_packages(repository, worktree)
    modules = worktree / "node_modules"
    assert (modules / "left-pad/index.js").read_text() == "node_modules/left-pad/index.js"
    assert (modules / "@types/node/index.d.ts").exists()
    assert (modules / ".bin/pad").resolve() == root / "node_modules/left-pad/index.js"
    assert (modules / ".bin/own").exists()
    assert (worktree / "packages/web/node_modules/react/index.js").exists()


def test_a_workspace_among_the_packages_is_the_worktrees_own(
    repository: Repository, root: Path, worktree: Path
) -> None:
    lend_packages(repository, worktree)
    assert (worktree / "node_modules/web").resolve() == worktree / "packages/web"


def test_what_a_tool_writes_beside_the_packages_stays_in_the_worktree(
    repository: Repository, root: Path, worktree: Path
) -> None:
    lend_packages(repository, worktree)
    cache = worktree / "node_modules/.vite"
    assert not cache.exists()
    cache.mkdir()
    (cache / "new").touch()
    assert not (root / "node_modules/.vite/new").exists()


def test_packages_that_a_worktree_has_are_its_own(repository: Repository, root: Path, worktree: Path) -> None:
    (worktree / "node_modules").mkdir()
    lend_packages(repository, worktree)
    assert list((worktree / "node_modules").iterdir()) == []


def test_nothing_is_lent_to_a_folder_without_a_manifest(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    lend_packages(repository, tmp_path / "bare")
    assert list((tmp_path / "bare").iterdir()) == []
