"""The worktrees of a run: opened, brought up to date, adopted, rescued and given back, by many threads at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from devassist.domain.errors import NotFound
from devassist.domain.events import EventType
from devassist.engine.context import RunContext
from devassist.engine.crews.run_worktrees import RunWorktrees
from devassist.git.objects.identity import Signature
from devassist.git.worktree.worktree import Worktree
from support.engine_world import PATIENCE_S, RUN, EngineWorld
from support.repos import git, make_repository

ME = Signature("Ada", "ada@example.org")


@dataclass
class Opened:
    """The worktrees of a run that has begun."""

    world: EngineWorld
    context: RunContext

    def __post_init__(self) -> None:
        self.worktrees = RunWorktrees(context=self.context)
        self.base = self.context.request.base

    def open(self, task: str, role: str = "coder", commit: str = "") -> Worktree:
        return self.worktrees.open(task, role, commit or self.base)

    def save(self, task: str, name: str, text: str = "text\n") -> None:
        (self.worktrees.of(f"{task}/coder").worktree.path / name).write_text(text)

    def of_type(self, type_: EventType) -> list[str]:
        return [record.event.agent for record in self.world.records(type_)]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    world = EngineWorld(tmp_path)
    with world.session() as context:
        yield Opened(world, context)


def test_a_worktree_is_on_the_agents_branch_at_the_commit_and_recorded_before_and_after(
    opened: Opened,
) -> None:
    worktree = opened.open("one")
    assert (worktree.branch, worktree.head_commit) == (f"devassist/{RUN}/one/coder", opened.base)
    types = [record.type for record in opened.world.records()]
    assert types == [EventType.WORKTREE_INTENDED, EventType.WORKTREE_OPENED]


def test_only_what_the_agent_changed_counts_as_its_change(opened: Opened) -> None:
    opened.open("one")
    opened.save("one", "mine.txt")
    opened.save("one", "noise.log")  # the repository ignores it
    assert list(opened.worktrees.changes("one/coder")) == ["mine.txt"]


def test_the_packages_of_the_checkout_are_there_and_no_change_of_the_agent(tmp_path: Path) -> None:
    make_repository(tmp_path / "repo", {"package.json": "{}"})
    package = tmp_path / "repo" / "node_modules" / "left-pad" / "index.js"
    package.parent.mkdir(parents=True)
    package.write_text("pad")
    world = EngineWorld(tmp_path)
    with world.session() as context:
        opened = Opened(world, context)
        worktree = opened.open("one")
        assert (worktree.path / "node_modules/left-pad/index.js").read_text() == "pad"
        assert not opened.worktrees.changes("one/coder")
        opened.worktrees.rescue()
        opened.worktrees.give_back(["one"])
        assert not worktree.path.exists()
    assert package.exists()


def test_a_later_round_begins_at_the_new_commit_and_keeps_leftovers_under_a_rescue_ref(
    opened: Opened,
) -> None:
    worktree = opened.open("one")
    opened.save("one", "a.txt")
    first = worktree.commit(["a.txt"], "first", author=ME, committer=ME)
    assert first
    opened.save("one", "left.txt")
    assert opened.open("one", commit=first).head_commit == first
    assert opened.worktrees.changes("one/coder") == {}
    assert git(opened.world.repo, "show", f"refs/devassist/rescue/{RUN}/one/coder:left.txt") == "text"


def test_agents_of_many_tasks_open_and_look_at_their_worktrees_at_the_same_time(opened: Opened) -> None:
    wrong: list[object] = []

    def work(task: str) -> None:
        try:
            for role in ("coder", "tester", "reviewer"):
                opened.open(task, role)
                (opened.worktrees.of(f"{task}/{role}").worktree.path / f"{task}.txt").write_text("x")
                found = list(opened.worktrees.changes(f"{task}/{role}"))
                if found != [f"{task}.txt"]:
                    wrong.append((task, role, found))
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(f"t{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        opened.worktrees.rescue()  # looks at all of them while they are being opened
    for thread in threads:
        thread.join(PATIENCE_S)
    assert wrong == []


def test_uncommitted_work_is_rescued_and_the_worktree_of_an_unmerged_task_kept(opened: Opened) -> None:
    worktree = opened.open("one")
    opened.save("one", "kept.txt")
    opened.worktrees.rescue()
    opened.worktrees.give_back([])
    assert git(opened.world.repo, "show", f"refs/devassist/rescue/{RUN}/one/coder:kept.txt") == "text"
    assert (worktree.path / "kept.txt").exists()
    assert opened.of_type(EventType.WORKTREE_KEPT) == ["one/coder"]


def test_the_worktree_of_a_merged_task_is_removed_unless_work_would_be_lost(opened: Opened) -> None:
    clean, dirty = opened.open("clean"), opened.open("dirty")
    opened.save("dirty", "kept.txt")
    opened.worktrees.give_back(["clean", "dirty"])
    assert (clean.path.exists(), dirty.path.exists()) == (False, True)
    assert opened.of_type(EventType.WORKTREE_REMOVED) == ["clean/coder"]
    with pytest.raises(NotFound):
        opened.worktrees.of("clean/coder")


def test_a_resumed_run_adopts_the_worktree_as_it_was_left(tmp_path: Path) -> None:
    world = EngineWorld(tmp_path)
    with world.session() as context:
        first = Opened(world, context)
        first.open("one")
        first.save("one", "mine.txt")
    with world.session(resumed=True) as context:
        second = Opened(world, context)
        with pytest.raises(NotFound, match="gone"):
            second.worktrees.reopen("one", "coder")
        second.worktrees.adopt("one", "coder", None)
        assert second.worktrees.reopen("one", "coder").head_commit == second.base
        assert list(second.worktrees.changes("one/coder")) == ["mine.txt"]
