"""Worlds for the fault tests: one zygote per process, so that a run costs a fork."""

from __future__ import annotations

import os
import zlib
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


@pytest.fixture
def landed(world: World) -> World:
    """A world whose run has succeeded."""
    world.run()
    done = world.finish()
    assert done.code == 0, done
    return world
