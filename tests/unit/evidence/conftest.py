"""A project to run a command in."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A directory for a project; the runners' results and a HOME are made beside it."""
    path = tmp_path / "tree"
    path.mkdir()
    return path
