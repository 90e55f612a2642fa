"""Machines for the end-to-end tests: closed when their test, or their file, is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from support.command_line import Machine
from support.crewscript import CrewScript


@pytest.fixture
def script() -> CrewScript:
    return CrewScript()


@pytest.fixture
def machine(make_machine: Callable[..., Machine], script: CrewScript) -> Machine:
    """A calculator repository and a server that plays `script`."""
    return make_machine(script=script)


@pytest.fixture
def make_machine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Machine]]:
    yield from _machines(request, tmp_path_factory)


@pytest.fixture(scope="module")
def make_shared_machine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Machine]]:
    """For a run that all tests of a file look at."""
    yield from _machines(request, tmp_path_factory)


def _machines(
    request: pytest.FixtureRequest, factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Machine]]:
    made: list[Machine] = []
    shared: dict[str, Any] = {}
    if not request.node.get_closest_marker("cold"):
        shared = {"warm": request.getfixturevalue("imports"), "zygote": request.getfixturevalue("zygote")}

    def make(**options: Any) -> Machine:
        made.append(Machine(factory.mktemp("machine"), **{**shared, **options}))
        return made[-1]

    yield make
    for machine in made:
        machine.close()
