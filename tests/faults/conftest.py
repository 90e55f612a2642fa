"""Stages for the fault tests: one zygote per file, so that a run costs a fork."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.world import World
from support.zygote import Zygote


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    with Zygote() as one:
        yield one


@pytest.fixture
def world(tmp_path: Path, zygote: Zygote) -> World:
    return World(tmp_path / "world", zygote)


@pytest.fixture
def landed(world: World) -> World:
    """A world whose run has succeeded."""
    world.run()
    done = world.finish()
    assert done.code == 0, done
    return world


Make = Callable[..., World]
