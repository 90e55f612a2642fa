"""Worlds for the fault tests: one zygote per process, so that a run costs a fork."""

from __future__ import annotations

import os
import shutil
import zlib
from copy import copy
from pathlib import Path

import pytest
from matrix import Stage

from support.world import World
from support.zygote import Zygote

SEED = int(
    os.environ.get("DEVASSIST_FAULT_SEED")
    or zlib.crc32(os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid())).encode())
)
"""Another in every session, the same in all its processes; what fails prints it."""


@pytest.fixture(scope="session")
def seed() -> int:
    return SEED


@pytest.fixture(scope="session")
def stage(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(tmp_path_factory.mktemp("stage"), zygote)


@pytest.fixture
def world(tmp_path: Path, zygote: Zygote) -> World:
    return World(tmp_path / "world", zygote)


class Kept:
    """A world as a run has left it, put back where it was for every test: its log and its worktrees name their places."""

    def __init__(self, world: World) -> None:
        self._world, self._copy = world, world.root.with_name("copy")
        shutil.copytree(world.root, self._copy, symlinks=True)

    def again(self) -> World:
        shutil.rmtree(self._world.root)
        shutil.copytree(self._copy, self._world.root, symlinks=True)
        world = copy(self._world)
        world.history = [*self._world.history]
        return world


@pytest.fixture(scope="session")
def _waiting(tmp_path_factory: pytest.TempPathFactory, zygote: Zygote) -> Kept:
    world = World(tmp_path_factory.mktemp("waiting") / "world", zygote)
    assert world.run().code == 3, world.history[-1]
    return Kept(world)


@pytest.fixture
def waiting(_waiting: Kept) -> World:
    """A run that has ended and waits for a person: t2 has a worktree that is kept."""
    return _waiting.again()


@pytest.fixture(scope="session")
def _landed(tmp_path_factory: pytest.TempPathFactory, zygote: Zygote) -> Kept:
    world = World(tmp_path_factory.mktemp("landed") / "world", zygote)
    world.run()
    done = world.finish()
    assert done.code == 0, done
    return Kept(world)


@pytest.fixture
def landed(_landed: Kept) -> World:
    """A world whose run has succeeded."""
    return _landed.again()
