"""Checks on a tree: each in a fresh directory, once per tree and command, recorded as a ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from devassist.domain.events import CommandRan, EventType, LedgerRecorded
from devassist.domain.settings import CheckSettings, Settings
from devassist.domain.statuses import Purpose
from devassist.engine.context import CommandWorld, RunContext
from devassist.engine.landing.checks import Checks
from devassist.sandbox.unsafe import UnsafeSandbox
from support.engine_world import EngineWorld


def _world(_worktree: Path, private: Path) -> CommandWorld:
    (private / "home").mkdir(exist_ok=True)
    return CommandWorld(environment={"PATH": "/usr/bin:/bin", "HOME": str(private / "home")}, read_only=())


@dataclass
class Bench:
    """A run whose commands are run without protection: they are the test's own."""

    world: EngineWorld
    context: RunContext

    def __post_init__(self) -> None:
        self.checks = Checks(context=self.context)

    def exit_code(self, commit: str, command: str, *, again: bool = False) -> int:
        return self.checks.on(commit, command, purpose=Purpose.GATE, task="one", again=again).ledger.exit_code

    def purposes(self) -> list[Purpose]:
        bodies = [record.body for record in self.world.records(EventType.COMMAND_RAN)]
        return [body.purpose for body in bodies if isinstance(body, CommandRan) and not body.cached]

    def ledgers(self) -> list[LedgerRecorded]:
        bodies = [record.body for record in self.world.records(EventType.LEDGER_RECORDED)]
        return [body for body in bodies if isinstance(body, LedgerRecorded)]


@pytest.fixture
def settings() -> Settings:
    return Settings()


@pytest.fixture
def bench(tmp_path: Path, settings: Settings) -> Iterator[Bench]:
    world = EngineWorld(tmp_path, settings=settings)
    with world.session() as context:
        bench = Bench(world, replace(context, sandbox=UnsafeSandbox(), world=_world))
        yield bench
        bench.checks.close()
        assert not (context.worktrees / "integration").exists()
        assert not (context.worktrees / ".setup").exists()


def test_a_tree_is_checked_once_and_the_record_of_a_second_gate_says_so(bench: Bench) -> None:
    commit = bench.world.commit({"a.txt": "a\n"})
    assert [bench.exit_code(commit, "test -e a.txt") for _ in range(2)] == [0, 0]
    ran = [record.body for record in bench.world.records(EventType.COMMAND_RAN)]
    assert [body.cached for body in ran if isinstance(body, CommandRan)] == [False, True]


def test_again_runs_it_another_time(bench: Bench) -> None:
    commit = bench.world.commit({"a.txt": "a\n"})
    bench.exit_code(commit, "true")
    bench.exit_code(commit, "true", again=True)
    assert bench.purposes() == [Purpose.GATE, Purpose.GATE]


@pytest.mark.parametrize(
    "plant",
    [
        "touch planted",
        "mkdir -p .cache && touch .cache/planted",
        "echo x >> README.md",
        "touch $HOME/planted",
    ],
    ids=["untracked", "in a cache", "tracked", "at home"],
)
def test_nothing_that_a_check_leaves_behind_is_there_for_the_next_one(bench: Bench, plant: str) -> None:
    commit = bench.world.commit({".gitignore": ".cache\n"})
    assert bench.exit_code(commit, plant) == 0
    seek = "find . $HOME -name planted | grep . || grep -qx x README.md"
    assert bench.exit_code(commit, seek) == 1


def test_a_tree_holds_what_the_commit_holds_and_nothing_else(bench: Bench) -> None:
    commit = bench.world.commit({"only/here.txt": "x\n"})
    tracked = "\n".join(f"./{path}" for path in sorted(bench.context.repository.paths_of(commit)))
    there = "find . -type f -not -name .git | LC_ALL=C sort"
    assert bench.exit_code(commit, f'test "$({there})" = "{tracked}"') == 0


def test_a_tree_has_the_packages_of_the_checkout(bench: Bench) -> None:
    (bench.world.repo / "node_modules" / "pad").mkdir(parents=True)
    (bench.world.repo / "package.json").touch()
    commit = bench.world.commit({"package.json": "{}"})
    assert bench.exit_code(commit, "test -d node_modules/pad && touch node_modules/mine") == 0
    assert not (bench.world.repo / "node_modules" / "mine").exists()


@pytest.mark.parametrize(
    "settings",
    [
        Settings(
            checks=CheckSettings(
                setup=("echo made > made.txt; mkdir -p lib; echo a > lib/a; echo h > $HOME/h",)
            )
        )
    ],
)
def test_setup_runs_once_on_the_base_and_its_products_are_in_every_tree(bench: Bench) -> None:
    commit = bench.world.commit({"lib/a": "the commit's own\n", "new.txt": "new\n"})
    assert (
        bench.exit_code(
            commit, "grep -q made made.txt && grep -q own lib/a && test -e $HOME/h && echo >> made.txt"
        )
        == 0
    )
    assert bench.exit_code(commit, "test $(wc -l < made.txt) = 1") == 0
    assert bench.purposes() == [Purpose.SETUP, Purpose.GATE, Purpose.GATE]
    assert bench.exit_code(bench.context.request.base, "grep -qx a lib/a && test ! -e new.txt") == 0


def test_a_ledger_is_recorded_with_the_tree_and_the_lines_that_say_a_failure(bench: Bench) -> None:
    commit = bench.world.commit({"a.txt": "a\n"})
    bench.exit_code(commit, "echo 'x.c:1:2: error: no such thing'; exit 3")
    (recorded,) = bench.ledgers()
    assert recorded.tree == bench.context.repository.tree_of(commit)
    assert (recorded.exit_code, recorded.failures, recorded.purpose) == (
        3,
        "x.c: error: no such thing",
        Purpose.GATE,
    )


@pytest.mark.parametrize(("exit_code", "runs"), [(0, 0), (1, 1)], ids=["passed", "failed"])
def test_an_earlier_runs_ledger_of_the_base_is_taken_only_if_it_passed(
    bench: Bench, exit_code: int, runs: int
) -> None:
    command = f"exit {exit_code}"
    bench.checks.base(command)
    bench.checks.close()
    recorded = bench.ledgers()

    def earlier(tree: str) -> Sequence[LedgerRecorded]:
        return [one for one in recorded if one.tree == tree]

    later = Checks(context=replace(bench.context, ledgers=earlier))
    count = len(bench.purposes())
    run = later.base(command)
    assert (run.ledger.exit_code, run.reused) == (exit_code, not runs)
    assert len(bench.purposes()) == count + runs
    later.close()
    other_setup = Settings(checks=CheckSettings(setup=("true",)))
    request = replace(bench.context.request, settings=other_setup)
    elsewhere = Checks(context=replace(bench.context, ledgers=earlier, request=request))
    assert not elsewhere.base(command).reused
    elsewhere.close()


def test_a_tree_that_a_killed_supervisor_left_is_removed_though_nothing_is_checked_again(
    bench: Bench,
) -> None:
    bench.exit_code(bench.world.commit({"a.txt": "a\n"}), "true")
    assert (bench.context.worktrees / "integration").exists()
    resumed = replace(bench.context, request=replace(bench.context.request, resumed=True))
    Checks(context=resumed).close()
    assert not (bench.context.worktrees / "integration").exists()


_BUILD = "mkdir -p $HOME/.cache/go-build && echo 1 > $HOME/.cache/go-build/object && touch $HOME/state"


def test_compilers_caches_of_the_base_are_in_every_tree_and_nothing_else_of_its_home(bench: Bench) -> None:
    bench.checks.base(_BUILD)
    commit = bench.world.commit({"a.txt": "a\n"})
    assert bench.exit_code(commit, "test -e $HOME/.cache/go-build/object && test ! -e $HOME/state") == 0


def test_no_change_writes_a_cache_for_the_next_one(bench: Bench) -> None:
    commit = bench.world.commit({"a.txt": "a\n"})
    assert bench.exit_code(commit, _BUILD) == 0
    assert bench.exit_code(commit, "test ! -e $HOME/.cache/go-build") == 0


def test_a_home_of_read_only_directories_is_replaced_as_any(bench: Bench) -> None:
    commit = bench.world.commit({"a.txt": "a\n"})
    assert (
        bench.exit_code(
            commit, "mkdir -p $HOME/go/pkg/mod && echo > $HOME/go/pkg/mod/a && chmod -R a-w $HOME/go"
        )
        == 0
    )
    assert bench.exit_code(commit, "test ! -e $HOME/go") == 0
