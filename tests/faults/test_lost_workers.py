"""Workers that are killed: what they leave is found, and their tasks are gone on with."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from matrix import Stage

from devassist.engine.stop import all_marked
from devassist.ports import SandboxSpec
from support.acts import program
from support.sandboxes import sandbox_or_skip
from support.world import World, broken

WAITING = 3
"""The exit code of a run that came as far as its approval."""


def test_a_task_whose_worker_was_killed_goes_on_in_another_one(world: World, stage: Stage) -> None:
    act = program(world.root, world.repo, "kill-worker")
    assert world.run(f"commit.event:1:{act}").code == WAITING
    assert "the worker process died (signal 9); it goes on in another one" in world.history[-1].out
    assert world.finish().code == 0
    assert not world.query("SELECT 1 FROM events WHERE type = 'task.retried'")
    assert broken(world, listing=stage.listing, acknowledged={}) == []


def test_a_task_that_had_committed_can_be_begun_anew(world: World, stage: Stage) -> None:
    act = program(world.root, world.repo, "kill-worker")
    assert world.run(f"commit.event:1:{act}").code == WAITING
    waiting = world.query("SELECT DISTINCT task FROM events WHERE type = 'approval.requested'")
    assert waiting
    for (task,) in waiting:
        assert world.call("retry", world.run_id, task).code == 0
    assert world.finish().code == 0
    assert broken(world, listing=stage.listing, acknowledged={}) == []


def _program(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:  # gone meanwhile
        return ""


@pytest.mark.parametrize(
    ("tier", "programs"),
    [("bubblewrap", {"bwrap", "sleep"}), ("landlock", {"sleep"})],
    ids=["bubblewrap", "landlock"],
)
def test_the_program_that_makes_a_sandbox_carries_the_runs_mark_itself(
    tmp_path: Path, tier: str, programs: set[str]
) -> None:
    run = f"test-mark-{os.getpid()}"
    worktree, private = tmp_path / "worktree", tmp_path / "private"
    for one in (worktree, private):
        one.mkdir()
    environment = {"PATH": "/usr/bin:/bin", "DEVASSIST_RUN": run, "OTHER": "x"}
    sandbox = sandbox_or_skip(tier, tmp_path / "scratch")
    spec = SandboxSpec(worktree=worktree, private=private, environment=environment)
    command = threading.Thread(target=lambda: sandbox.run("sleep 60", spec, timeout_s=60))
    command.start()
    try:
        names: set[str] = set()
        end = time.monotonic() + 55  # the command ends after 60
        while not programs <= names and time.monotonic() < end:
            names = {_program(pid) for pid in all_marked().get(run, ())}
        assert programs <= names
    finally:
        sandbox.cancel_all()
        command.join()
    assert run not in all_marked()
