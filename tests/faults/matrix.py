"""
The fault matrix: named points of a run, times what can go wrong there.

    python tests/faults/matrix.py                 every cell, with the table that the README shows
    python tests/faults/matrix.py --only target.ref --seed 7

A cell runs the two-task run of `world`, lets its fault happen, does what a person would do (approve, retry, resume)
and then holds every invariant against what is there. A cell whose fault did not happen is broken.
"""

from __future__ import annotations

import argparse
import queue
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2] / "src"), str(Path(__file__).parents[1])]

from support.acts import PROGRAMS, program  # noqa: E402
from support.repos import git  # noqa: E402
from support.world import World, broken  # noqa: E402
from support.zygote import Zygote  # noqa: E402

SUPERVISOR = (
    "run.start", "branch.create", "worktree.add", "worktree.lock", "agent.spawn", "index.write", "objects.write",
    "ref.locked", "agent.ref", "commit.event", "approval.asked", "merge.computed", "merge.intent", "target.ref",
    "merge.done", "worktree.remove",
)  # fmt: skip
WORKER = ("llm.request", "llm.reply", "tool.intent", "tool.running", "tool.ran", "tool.result", "file.write")
OTHER = ("anchor.write", "schema.migrate", "approval.recorded", "checkout.files")
TWICE = frozenset(
    {"branch.create", "worktree.add", "worktree.lock", "agent.spawn", "objects.write", "ref.locked", "agent.ref",
     "commit.event", "merge.computed", "llm.request", "llm.reply", "tool.result"}
)  # fmt: skip
"""Points that every run comes by at least twice, in one process."""
_DISK = {
    "enospc": ("worktree.add", "worktree.lock", "index.write", "objects.write", "ref.locked", "file.write", "tool.running", "anchor.write", "schema.migrate", "checkout.files"),
    "eio": ("worktree.add", "index.write", "objects.write", "ref.locked", "file.write", "tool.running", "anchor.write", "schema.migrate", "checkout.files"),
    "emfile": ("worktree.add", "agent.spawn", "file.write", "tool.running", "objects.write", "index.write"),
}  # fmt: skip
_AFTER = (
    "rm-worktree",
    "delete-branch",
    "edit-worktree",
    "commit-result",
    "moved",
    "gc",
    "clock-back",
    "second-resume",
)
_MODEL = ("429", "500", "timeout", "truncated", "garbage")


@dataclass(frozen=True, order=True)
class Cell:
    """One fault at one point; `nth` is the visit at which it happens."""

    point: str
    fault: str
    nth: int = 1

    def __str__(self) -> str:
        return f"{self.point} x {self.fault}" + (f" ({self.nth})" if self.nth > 1 else "")


@dataclass
class Verdict:
    cell: Cell
    broken: list[str] = field(default_factory=list)
    seconds: float = 0.0


def cells() -> list[Cell]:
    """Every cell that makes sense."""
    return sorted(set(_cells()))


def _cells() -> Iterator[Cell]:
    visits = {point: (1, 2) if point in TWICE else (1,) for point in (*SUPERVISOR, *WORKER, *OTHER)}
    for point in (*SUPERVISOR, *WORKER):
        for nth in visits[point]:
            yield from (Cell(point, fault, nth) for fault in ("kill-supervisor", "kill-both"))
        if point != "run.start":
            yield from (Cell(point, fault) for fault in ("term-supervisor", "int-supervisor"))
            yield from (Cell(point, fault, visits[point][-1]) for fault in ("db-locked", "git-lock"))
        if point not in ("run.start", "worktree.remove"):
            yield Cell(point, "kill-worker", 1)
        yield from (
            Cell(point, fault, visits[point][-1]) for fault in ("moved", "clock-back", "second-resume", "gc")
        )
    for point in (
        *WORKER,
        "agent.ref",
        "commit.event",
        "objects.write",
        "approval.asked",
        "merge.computed",
        "merge.intent",
        "target.ref",
    ):
        yield from (Cell(point, fault) for fault in ("rm-worktree", "delete-branch", "edit-worktree"))
    for point in (
        "approval.asked",
        "merge.computed",
        "merge.intent",
        "merge.done",
        "target.ref",
        "worktree.remove",
    ):
        yield from (Cell(point, fault) for fault in ("commit-result",))
    yield from (Cell(point, "commit-live") for point in ("merge.computed", "merge.intent"))
    yield from (
        Cell(point, "gc-live", visits[point][-1])
        for point in ("objects.write", "commit.event", "merge.computed", "tool.result")
    )
    for fault, points in _DISK.items():
        for point in points:
            yield from (Cell(point, fault, nth) for nth in visits[point])
    yield from (Cell(point, fault) for fault in ("kill", "term") for point in OTHER)
    for point in ("llm.request", "llm.reply", "tool.result"):
        yield from (Cell(point, f"{model}+kill-supervisor") for model in _MODEL)


class Stage:
    """Where cells are played: a zygote, and the tree that an undisturbed run ends with."""

    def __init__(
        self, directory: Path, zygote: Zygote | None, *, listing: str = "", warm: Path | None = None
    ) -> None:
        self.directory, self.zygote, self.listing, self.warm = directory, zygote, listing, warm
        self.calm_problems: list[str] = []
        if listing:
            return
        calm = self._world("calm")
        calm.run()
        calm.finish()
        self.listing = calm.listing()
        self.calm_problems = broken(calm, listing=self.listing, acknowledged={})

    def _world(self, name: str, model_fault: str = "") -> World:
        root = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.directory))
        return World(root, self.zygote, model_fault, warm=self.warm)

    def play(self, cell: Cell, *, keep: bool = False) -> Verdict:
        """Let the fault happen, go on as a person would, and hold the invariants against what is there."""
        began = time.monotonic()
        model, _, fault = cell.fault.rpartition("+")
        if fault in _DISK and cell.point in ("file.write", "tool.running"):
            model = "insists"
        world = self._world("cell", model)
        verdict = Verdict(cell)
        try:
            verdict.broken = self._play(world, cell, fault)
        except Exception as error:
            verdict.broken = [f"the cell broke off: {error!r}"]
        verdict.seconds = time.monotonic() - began
        if verdict.broken:
            verdict.broken += [str(one) for one in world.history if one.args[0] == "-q"]
            verdict.broken.append(f"it is kept in {world.root}")
        elif not keep:
            shutil.rmtree(world.root, ignore_errors=True)
        return verdict

    def _play(self, world: World, cell: Cell, fault: str) -> list[str]:
        action = fault
        if fault in PROGRAMS:
            action = str(program(world.root, world.repo, fault))
        elif fault in _AFTER:
            action = str(program(world.root, world.repo, "kill-supervisor"))
        armed = f"{cell.point}:{cell.nth}:{action}"
        if cell.point in ("approval.recorded", "checkout.files"):
            return self._in_another_command(world, cell, armed)
        world.run(armed)
        if not (world.fired / cell.point).exists() and cell.point in (
            "merge.done",
            "worktree.remove",
            "index.write",
        ):
            world.approve_all()
            world.resume(armed)
        if not (world.fired / cell.point).exists():
            return ["the fault did not happen"]
        acknowledged = _acknowledged(world)
        refused = _meddle(world, fault)
        if fault in ("commit-result", "commit-live"):
            return _after_foreign_commit(world)
        world.finish(**({"clock_s": -3600} if fault == "clock-back" else {}))
        if fault in ("rm-worktree", "delete-branch"):
            world.call("doctor", "--fix")
            world.call("worktrees", "gc")
        return refused + broken(world, listing=self.listing, acknowledged=acknowledged)

    def _in_another_command(self, world: World, cell: Cell, armed: str) -> list[str]:
        world.run()
        if cell.point == "approval.recorded":
            world.approve_all(armed)
        acknowledged = _acknowledged(world)
        world.finish()
        found: list[str] = []
        if cell.point == "checkout.files":
            git(world.repo, "reset", "-q", "--", "notes.txt")
            world.call("merge", world.run_id, fault=armed)
            for lock in (world.repo / ".git").rglob("*.lock"):
                # In the person's own namespace: git says what to do about it, and nobody else may.
                if "devassist" not in lock.relative_to(world.repo / ".git").parts[:1]:
                    lock.unlink()
            again = world.call("merge", world.run_id)
            if again.code != 0 and "has the result" not in again.err:
                found.append(f"the merge cannot be gone on with: {again}")
            if world.listing("main") != self.listing:
                found.append("6 main does not have the result")
            world.persons = world.belongings()
        if not (world.fired / cell.point).exists():
            return ["the fault did not happen"]
        return found + broken(world, listing=self.listing, acknowledged=acknowledged)


def _acknowledged(world: World) -> dict[int, str]:
    if not world.database.exists() or not world.run_id:
        return {}
    return dict(world.query("SELECT seq, hex(hash) FROM events"))


def _meddle(world: World, fault: str) -> list[str]:
    """What happens between the crash and the resume."""
    run = world.run_id
    trees = [one for one in sorted(world.state.glob(f"*/{run}/t*/*")) if (one / ".git").exists()]
    if fault == "rm-worktree":
        for one in trees[:1]:
            shutil.rmtree(one)
    elif fault == "delete-branch":
        # By hand: git refuses while a lock of the dead supervisor is there.
        for one in sorted((world.repo / ".git/refs/heads/devassist" / run / "t1").glob("*")):
            if one.suffix != ".lock":
                one.unlink()
    elif fault == "edit-worktree":
        for one in trees[:1]:
            (one / "stray.txt").write_text("what is this?\n")
    elif fault == "moved":
        moved = world.root / "moved"
        world.repo.rename(moved)
        world.repo = moved
        world.persons = world.belongings()
    elif fault == "gc":
        git(
            world.repo, "gc", "-q", "--prune=now", check=False
        )  # a lock of the dead supervisor may keep it from it
    elif fault == "second-resume" and world.zygote is not None and run:
        children = [world.start("-q", "resume", run, "--format", "json") for _ in range(2)]
        codes = sorted(one.wait(60) for one in children)
        said = [one.err.read_text() for one in children]
        alone = [text for text in said if "at work already" in text or "has succeeded" in text]
        if not alone and codes not in ([0, 3], [3, 3]):
            return [f"two resumes at once ended with {codes}: {said}"]
    elif fault == "commit-result":
        subprocess.run([program(world.root, world.repo, "commit-live"), "-", "0"], check=True)
    return []


def _after_foreign_commit(world: World) -> list[str]:
    """Somebody else's commit on the result branch is never lost, nothing lands over it, and the run says so."""
    run = world.run_id
    mine = git(world.repo, "rev-parse", "persons-own")
    last = world.resume()
    found = [] if last.code in (0, 1, 3) else [f"resume: {last}"]
    tip = git(world.repo, "rev-parse", f"devassist/{run}/result")
    if subprocess.run(
        ["git", "merge-base", "--is-ancestor", mine, tip], cwd=world.repo, check=False
    ).returncode:
        found.append("the person's commit is not on the branch any more")
    if world.call("audit", "verify").code != 0:
        found.append("1 audit verify")
    if last.code == 1 and "somebody else" not in last.out + last.err and "moved" not in last.out + last.err:
        found.append(f"it does not say why: {last}")
    found += [f"internal error: {one}" for one in world.history if "internal error" in one.err]
    return found


def sample(seed: int, count: int) -> list[Cell]:
    """A few cells, of different points, chosen by the seed."""
    chance = random.Random(seed)
    every = cells()
    points = chance.sample(sorted({one.point for one in every}), count)
    return [chance.choice([one for one in every if one.point == point]) for point in points]


def play_all(chosen: Sequence[Cell], directory: Path, *, lanes: int) -> Iterator[Verdict]:
    """Play cells in several lanes, each with a zygote of its own."""
    stages: queue.Queue[Stage] = queue.Queue()
    with ThreadPoolExecutor(lanes) as pool:
        zygotes = [Zygote() for _ in range(lanes)]
        for zygote in zygotes:
            stages.put(Stage(directory, zygote))

        def one(cell: Cell) -> Verdict:
            stage = stages.get()
            try:
                return stage.play(cell)
            finally:
                stages.put(stage)

        yield from pool.map(one, chosen)
        for zygote in zygotes:
            zygote.__exit__()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="cells whose name holds this")
    parser.add_argument("--seed", type=int, default=0, help="a sample of --count cells instead of all")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--lanes", type=int, default=2)
    parser.add_argument("--dir", type=Path, default=None)
    given = parser.parse_args()
    chosen = sample(given.seed, min(given.count, 27)) if given.seed else cells()
    chosen = [one for one in chosen if given.only in str(one)]
    directory = given.dir or Path(tempfile.mkdtemp(prefix="matrix-"))
    directory.mkdir(parents=True, exist_ok=True)
    run, bad = Counter[str](), Counter[str]()
    for verdict in play_all(chosen, directory, lanes=given.lanes):
        run[verdict.cell.point] += 1
        bad[verdict.cell.point] += bool(verdict.broken)
        print(f"{'BROKEN' if verdict.broken else 'ok':<7}{verdict.cell}  {verdict.seconds:.1f} s", flush=True)
        for line in verdict.broken:
            print(f"    {line[:1500]}", flush=True)
    for point, count in run.items():
        print(f"| `{point}` | {count} | {bad[point]} |")
    print(f"{sum(run.values())} cells, {sum(bad.values())} broken")
    return 1 if sum(bad.values()) else 0


if __name__ == "__main__":
    raise SystemExit(main())
