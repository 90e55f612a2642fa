"""
A speculative tree from the pool, against `git worktree add` and `git checkout` of the same tree, in one run.

    PYTHONPATH=src:tests python benchmarks/bench_tree_pool.py [--files 300 3000 80000] [--place DIRECTORY]

Each tree differs from the one before in 20 files, as two merges of the same branches do. `ready` is from the question
to exact files; `sweep` is looking through all files afterwards for what a command did; `reopened` is the first tree
of another process. Median and 95th percentile in milliseconds; `first` fills an empty slot.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from devassist.git.merging.scratch import ScratchObjects
from devassist.git.pool.pool import TreePool
from devassist.git.repository import Repository
from support.branches import FILE, Author, Tree, text

TREES = 40


def milliseconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1000


def repository_of(directory: Path, files: int) -> list[str]:
    chance = random.Random(files)
    base: Tree = {
        f"p{n % 20}/m{n % 9}/f{n}.py": (FILE, text([f"line {chance.random()}" for _ in range(60)]))
        for n in range(files)
    }
    author, paths = Author(directory), sorted(base)
    root = author.commit("main", base)
    for number in range(TREES):
        changed = chance.sample(paths, 10)
        author.change(f"b{number}", {path: (FILE, text([f"{number}"] * 60)) for path in changed}, root)
    author.write()
    subprocess.run(["git", "repack", "-adq"], cwd=directory, check=True)
    return [f"b{number}" for number in range(TREES)]


def pooled(directory: Path, place: Path, names: list[str]) -> dict[str, float]:
    repository = Repository.discover(directory)
    trees = [repository.tree_of(repository.resolve(name)) for name in names]
    ready: list[float] = []
    sweeps: list[float] = []
    with ScratchObjects.create(repository) as scratch:
        pool = TreePool(place, scratch)
        with pool.at(trees[0]) as slot:
            pass
        for tree in trees[1:]:
            slot.tree.record.used = False
            ready.append(milliseconds(lambda tree=tree: slot.tree.point(tree)))
            sweeps.append(milliseconds(slot.tree.sweep))
        pool.close()
        first = milliseconds(lambda: _once(TreePool(place.with_name("empty"), scratch), trees[0]))
        reopened = milliseconds(lambda: _once(TreePool(place, scratch), trees[3]))
    return {
        "ready_p50_ms": round(statistics.median(ready), 2),
        "ready_p95_ms": round(sorted(ready)[int(len(ready) * 0.95)], 2),
        "sweep_p50_ms": round(statistics.median(sweeps), 2),
        "reopened_ms": round(reopened, 1),
        "first_ms": round(first, 1),
    }


def _once(pool: TreePool, tree: str) -> None:
    with pool.at(tree):
        pass


def by_git(directory: Path, place: Path, names: list[str]) -> dict[str, float]:
    def git(*arguments: str, where: Path = directory) -> None:
        subprocess.run(["git", *arguments], cwd=where, check=True, capture_output=True)

    added = milliseconds(lambda: git("worktree", "add", "--detach", "-f", str(place), names[0]))
    moved = [
        milliseconds(lambda name=name: git("checkout", "-q", "-f", "--detach", name, where=place))
        for name in names[1:]
    ]
    return {"worktree_add_ms": round(added, 1), "checkout_p50_ms": round(statistics.median(moved), 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, nargs="+", default=[300, 3000])
    parser.add_argument(
        "--place", type=Path, help="where the trees are written; a memory file system measures us"
    )
    wanted = parser.parse_args()
    for files in wanted.files:
        with tempfile.TemporaryDirectory(dir=wanted.place) as place:
            names = repository_of(Path(place) / "r", files)
            found = pooled(Path(place) / "r", Path(place) / "pool", names)
            found |= by_git(Path(place) / "r", Path(place) / "w", names)
        ratios = {
            "worktree_add_to_ready": round(found["worktree_add_ms"] / found["ready_p50_ms"], 1),
            "checkout_to_ready": round(found["checkout_p50_ms"] / found["ready_p50_ms"], 1),
        }
        print(json.dumps({"files": files, **found, **ratios}), flush=True)


if __name__ == "__main__":
    main()
