"""What is said of a base that is red before anybody works on it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from devassist.domain.settings import CheckSettings, Settings
from devassist.engine.context import CommandWorld
from devassist.engine.landing.baseline import Baseline
from devassist.engine.landing.checks import Checks
from devassist.sandbox.unsafe import UnsafeSandbox
from support.engine_world import EngineWorld
from support.repos import commit_all, make_repository


def _world(_worktree: Path, private: Path) -> CommandWorld:
    return CommandWorld(environment={"PATH": "/usr/bin:/bin", "HOME": str(private)}, read_only=())


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("src/shop/__init__.py", True),
        ("src/shop.py", True),
        ("shop/__init__.py", False),
        ("src/shopping/__init__.py", False),
    ],
)
def test_tests_that_do_not_find_a_package_of_src_are_told_how_they_would(
    tmp_path: Path, path: str, told: bool
) -> None:
    make_repository(tmp_path / "repo", {path: "", "README.md": "shop\n"})
    commit_all(tmp_path / "repo", "Second")
    command = "echo \"E   ModuleNotFoundError: No module named 'shop.prices'\"; false"
    world = EngineWorld(tmp_path, settings=Settings(checks=CheckSettings(commands=(command,))))
    with world.session() as context:
        checks = Checks(context=replace(context, sandbox=UnsafeSandbox(), world=_world))
        baseline = Baseline(checks)
        baseline.start()
        assert baseline.known_failures(patience_s=60)
        baseline.close()
        checks.close()
        (warning,) = context.journal.state.warnings
    assert "the base is red" in warning
    assert ("shop is in src" in warning and "PYTHONPATH=src" in warning) is told
