"""A few runs of the soak, and logs that older versions wrote."""

from __future__ import annotations

import gzip
import subprocess
from pathlib import Path

import pytest
from matrix import Stage
from soak import soak

from support.repos import git
from support.world import World

GOLDEN = Path(__file__).parents[1] / "golden"


def test_runs_with_faults_leave_nothing_behind(stage: Stage, seed: int) -> None:
    for cell, problems in soak(stage, runs=3, seed=seed):
        assert not problems, f"DEVASSIST_FAULT_SEED={seed}, {cell}:\n" + "\n".join(problems)


@pytest.fixture(params=sorted(one.name for one in GOLDEN.iterdir()))
def old(request: pytest.FixtureRequest, world: World) -> World:
    """A repository as an older version left it when it was killed: its branches and its log, nothing of its files."""
    place = GOLDEN / request.param
    git(
        world.repo,
        "fetch",
        "-q",
        str(place / "repository.bundle"),
        "+refs/heads/*:refs/heads/*",
        "+refs/devassist/*:refs/devassist/*",
        "--update-head-ok",
    )
    git(world.repo, "reset", "-q", "--hard", "main")
    world.database.parent.mkdir(parents=True)
    world.database.write_bytes(gzip.decompress((place / "audit.db.gz").read_bytes()))
    world.persons = world.belongings()
    return world


def test_a_log_of_an_older_version_verifies_and_is_read(old: World) -> None:
    assert old.call("audit", "verify").code == 0
    shown = old.call("show", old.run_id, "--format", "json")
    assert shown.code == 0 and shown.json["status"] == "stopped"
    assert old.call("status").code == 0 and old.call("inbox").code == 0
    assert any(one["check"] == "dead run" for one in old.call("doctor", "--format", "json").json["checks"])


def test_a_run_of_an_older_version_is_gone_on_with(old: World, stage: Stage) -> None:
    run, before = old.run_id, dict(old.query("SELECT seq, hex(hash) FROM events"))
    done = old.call("-q", "resume", run, "--model", f"scripted/{old.script}", "--format", "json")
    assert done.code in (0, 1, 3), done
    for _ in range(4):
        if old.status() == "succeeded":
            break
        if not old.approve_all():
            for task in old.failed_tasks():
                old.call("retry", run, task)
        done = old.call("-q", "resume", run, "--model", f"scripted/{old.script}", "--format", "json")
    assert done.code == 0, done
    assert old.listing().replace("pkg/trace.txt", "").count("\n") == stage.listing.replace(
        "pkg/trace.txt", ""
    ).count("\n")
    assert old.call("audit", "verify").code == 0
    assert before.items() <= dict(old.query("SELECT seq, hex(hash) FROM events")).items()
    assert subprocess.run(["git", "fsck", "--no-dangling"], cwd=old.repo, check=False).returncode == 0
