"""Checks on a tree, compared with the base: what is new fails the landing, what was there before does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from devassist.domain.events import CommandRan, EventType
from devassist.domain.settings import CheckSettings, Settings
from devassist.domain.statuses import Purpose
from devassist.engine.context import CommandWorld, RunContext
from devassist.engine.landing.checks import Checks
from devassist.sandbox.unsafe import UnsafeSandbox
from support.engine_world import EngineWorld

WORLD = CommandWorld(environment={"PATH": "/usr/bin:/bin"}, read_only=())


@dataclass
class Bench:
    """A run whose commands are run without protection: they are the test's own."""

    world: EngineWorld
    context: RunContext

    def __post_init__(self) -> None:
        self.checks = Checks(context=self.context)

    def failing(self, commit: str, *commands: str) -> tuple[list[str], list[str]]:
        failures = self.checks.failures(commit, commands, task="one")
        return [run.command for run in failures.new], [run.command for run in failures.old]

    def ran(self) -> list[CommandRan]:
        bodies = [record.body for record in self.world.records(EventType.COMMAND_RAN)]
        return [body for body in bodies if isinstance(body, CommandRan)]


@pytest.fixture
def settings() -> Settings:
    return Settings()


@pytest.fixture
def bench(tmp_path: Path, settings: Settings) -> Iterator[Bench]:
    world = EngineWorld(tmp_path, settings=settings)
    with world.session() as context:
        sandboxed = replace(context, sandbox=UnsafeSandbox(), world=lambda _worktree, _private: WORLD)
        bench = Bench(world, sandboxed)
        yield bench
        bench.checks.close()
        assert not (context.worktrees / "integration").exists()


def test_a_check_that_fails_only_with_the_change_is_new(bench: Bench) -> None:
    commit = bench.world.commit({"README.md": "changed\n"})
    assert bench.failing(commit, "grep -q calc README.md", "true") == (["grep -q calc README.md"], [])
    assert [run.purpose for run in bench.ran()] == [Purpose.GATE, Purpose.GATE, Purpose.BASE]


def test_a_check_that_fails_on_the_base_as_well_is_old(bench: Bench) -> None:
    commit = bench.world.commit({"a.txt": "a\n"})
    assert bench.failing(commit, "test -e missing") == ([], ["test -e missing"])


def test_a_tree_is_checked_once_and_the_record_of_a_second_gate_says_so(bench: Bench) -> None:
    commit = bench.world.commit({"a.txt": "a\n"})
    for _ in range(2):
        assert bench.failing(commit, "true") == ([], [])
    assert [run.cached for run in bench.ran()] == [False, True]


@pytest.mark.parametrize("settings", [Settings(checks=CheckSettings(setup=("echo made > made.txt",)))])
def test_setup_runs_once_before_the_first_check(bench: Bench) -> None:
    commit = bench.world.commit({"a.txt": "a\n"})
    assert bench.failing(commit, "test -e made.txt") == ([], [])
    assert [run.purpose for run in bench.ran()] == [Purpose.SETUP, Purpose.GATE]
