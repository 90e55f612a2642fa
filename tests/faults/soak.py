"""
Many runs of one repository, each with a fault somewhere, and nothing of them left over.

    python tests/faults/soak.py --runs 200 --seed 7
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path[:0] = [
    str(Path(__file__).parents[2] / "src"),
    str(Path(__file__).parents[1]),
    str(Path(__file__).parent),
]

from matrix import OTHER, Stage, cells  # noqa: E402

from support.acts import PROGRAMS, program  # noqa: E402
from support.repos import git  # noqa: E402
from support.world import World, broken  # noqa: E402
from support.zygote import Zygote  # noqa: E402

_LEFT_OUT = ("commit-live", "moved", "commit-result")
"""Faults after which the repository is another."""


def soak(stage: Stage, *, runs: int, seed: int) -> Iterator[tuple[str, list[str]]]:
    """Each run's fault, and what is broken after it. A person cleans up after each with `doctor --fix` and `gc`."""
    chance = random.Random(seed)
    world = World(Path(tempfile.mkdtemp(dir=stage.directory)) / "world", stage.zygote)
    every = [
        one
        for one in cells()
        if (one.fault in PROGRAMS or one.fault in ("enospc", "eio", "emfile")) and one.fault not in _LEFT_OUT
        and one.point not in (*OTHER, "file.write", "tool.running")
    ]  # fmt: skip
    for _ in range(runs):
        cell = chance.choice(every)
        action = str(program(world.root, world.repo, cell.fault)) if cell.fault in PROGRAMS else cell.fault
        (world.fired / cell.point).unlink(missing_ok=True)
        before = world.run_id
        world.history.clear()
        world.run(f"{cell.point}:{cell.nth}:{action}")
        if world.run_id == before:
            yield str(cell), [f"no run was begun: {world.history[-1]}"]
            continue
        acknowledged = dict(world.query("SELECT seq, hex(hash) FROM events"))
        world.finish()
        world.call("doctor", "--fix")
        world.call("worktrees", "gc")
        yield str(cell), broken(world, listing=stage.listing, acknowledged=acknowledged)
    count = len(git(world.repo, "for-each-ref", "--format=%(refname)", "refs/heads/devassist").splitlines())
    expected = 3 * len(world.query("SELECT 1 FROM events WHERE type = 'run.started'"))
    yield "branches", [] if count <= expected else [f"{count} branches of {expected}"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--dir", type=Path, default=None)
    given = parser.parse_args()
    directory = given.dir or Path(tempfile.mkdtemp(prefix="soak-"))
    directory.mkdir(parents=True, exist_ok=True)
    bad = 0
    print(f"seed {given.seed}, in {directory}")
    with Zygote() as zygote:
        for number, (cell, problems) in enumerate(
            soak(Stage(directory, zygote), runs=given.runs, seed=given.seed)
        ):
            bad += bool(problems)
            print(f"{number:>4} {'BROKEN' if problems else 'ok':<7}{cell}", flush=True)
            for line in problems:
                print(f"    {line[:1500]}", flush=True)
    print(f"{given.runs} runs, {bad} broken")
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
