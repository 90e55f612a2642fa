"""
CPU of finding all conflicts between N branches, against git's own ways, in one run; ratios as JSON.

    PYTHONPATH=src:tests python benchmarks/bench_conflicts_text.py [--files 300 3000 80000] [--branches 10 100 500]

`filter` finds the pairs that git must be asked about, `ours` asks too (git's share counted), `stdin` is one
`git merge-tree --stdin` for all pairs, `process` one process for each pair (a sample, extrapolated).
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

from devassist.conflicts.text.detector import TextDetector
from devassist.domain.conflicts import Side
from devassist.git.merging.merge_tree import MergeTree
from devassist.git.repository import Repository
from support.branches import FILE, Author, Tree, text

SAMPLE = 60
SMALL = 10_000


def cpu() -> float:
    """Seconds of this process and of those it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def measured(action: Callable[[], object]) -> float:
    before = cpu()
    action()
    return cpu() - before


def line(chance: random.Random) -> str:
    if chance.random() < 0.2:
        return chance.choice(("", "    }", "    return value", "    else:"))
    return f"    value_{chance.randint(0, 9999)} = compute({chance.randint(0, 9999)})"


def repository_of(directory: Path, files: int, branches: int) -> list[str]:
    """1 to 20 files for each branch, a third from 40 hot files; adds, deletes, renames with edits as well."""
    chance = random.Random(files * 1000 + branches)
    longest = 400 if files <= SMALL else 60  # or writing the repository takes longer than all the rest
    deep = "" if files <= SMALL else "s{}/"  # some twenty files to a directory, as in large trees
    base: Tree = {
        f"p{n % 20}/m{n % 9}/{deep.format(n % 23)}f{n}.py": (
            FILE,
            text([line(chance) for _ in range(chance.randint(20, longest))]),
        )
        for n in range(files)
    }
    author, hot, paths = Author(directory), sorted(base)[:40], sorted(base)
    root = author.commit("main", base)
    for number in range(branches):
        author.change(f"b{number}", edited(chance, base, hot, paths), root)
    author.write()
    subprocess.run(["git", "repack", "-adq"], cwd=directory, check=True)
    return [f"b{number}" for number in range(branches)]


def edited(chance: random.Random, base: Tree, hot: list[str], paths: list[str]) -> dict[str, Any]:
    """What a branch changes: path -> entry, or None where it is gone."""
    edits: dict[str, Any] = {}
    for _ in range(int(20 ** chance.random())):
        path = chance.choice(hot if chance.random() < 0.35 else paths)
        entry = edits.get(path, base[path])
        if entry is None:
            continue
        what = chance.random()
        if what < 0.03:
            edits[path] = None
            continue
        if what < 0.09:
            name = f"{path.rpartition('/')[0]}/new{chance.randint(0, 30)}.py"
            edits[name] = (FILE, text([line(chance)] * 9))
            continue
        lines = entry[1].decode().splitlines()
        at = 10 if chance.random() < 0.12 else chance.randint(0, len(lines))
        lines[at : at + chance.randint(0, 3)] = [line(chance) for _ in range(chance.randint(1, 4))]
        target = path.replace(".py", "_moved.py") if what < 0.12 else path
        edits[path] = None
        edits[target] = (FILE, text(lines))
    return edits


def sides_of(repository: Repository, names: list[str]) -> list[Side]:
    commits = [(name, repository.resolve(name)) for name in names]
    return [Side(name=name, commit=commit, tree=repository.tree_of(commit)) for name, commit in commits]


def by_git(directory: Path, sides: list[Side], *, together: bool) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        environment = os.environ | {
            "GIT_OBJECT_DIRECTORY": scratch,
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(directory / ".git/objects"),
        }
        pairs = [(one.commit, other.commit) for one, other in combinations(sides, 2)]
        command = ["git", "merge-tree", "--write-tree", "-z"]
        if together:
            asked = "".join(f"{one} {other}\n" for one, other in pairs).encode()
            subprocess.run(
                [*command, "--stdin"],
                cwd=directory,
                env=environment,
                input=asked,
                stdout=subprocess.DEVNULL,
                check=True,
            )
            return
        for one, other in pairs:
            subprocess.run(
                [*command, one, other], cwd=directory, env=environment, stdout=subprocess.DEVNULL, check=False
            )


class Unasked(MergeTree):
    """A referee that is never asked: what is left is the filter."""

    def merge_all(self, pairs):
        self.merged += len(pairs)
        raise StopIteration


def one_run(directory: Path, names: list[str]) -> dict[str, float]:
    sides = sides_of(Repository.discover(directory), names)
    counts: dict[str, float] = {}

    def filtered() -> None:
        repository = Repository.discover(directory)
        with Unasked(repository) as referee:
            try:
                TextDetector(repository, referee).detect(None, sides, against_base=False)
            except StopIteration:
                counts["asked"] = referee.merged

    def ours() -> None:
        repository = Repository.discover(directory)
        with MergeTree(repository, environment=os.environ) as referee:
            result = TextDetector(repository, referee).detect(None, sides, against_base=False)
            counts["conflicting"] = len({conflict.branches for conflict in result.conflicts})

    pairs = len(sides) * (len(sides) - 1) // 2
    sample = next(n for n in range(len(sides), 1, -1) if n * (n - 1) // 2 <= SAMPLE or n == 2)
    spent = {"filter": measured(filtered), "ours": measured(ours)}
    spent["stdin"] = measured(lambda: by_git(directory, sides, together=True))
    few = sample * (sample - 1) // 2
    spent["process"] = measured(lambda: by_git(directory, sides[:sample], together=False)) * pairs / few
    return {"pairs": pairs, **counts, **{f"{name}_cpu_s": round(value, 4) for name, value in spent.items()}, **{
        f"{slow}_to_{fast}": round(spent[slow] / spent[fast], 1) for slow in ("stdin", "process") for fast in ("filter", "ours")
    }}  # fmt: skip


def moved_heads(directory: Path, names: list[str]) -> dict[str, float]:
    """Milliseconds until one branch that moved is checked and confirmed against all others."""
    repository = Repository.discover(directory)
    sides = sides_of(repository, names)
    took: list[float] = []
    with MergeTree(repository, environment=os.environ) as referee:
        detector = TextDetector(repository, referee)
        detector.detect(None, sides[: len(sides) // 2], against_base=False)
        for side in sides[len(sides) // 2 :]:
            # Never seen before, under the name of one that was.
            started = time.perf_counter()
            detector.set_side(Side(name=sides[0].name, commit=side.commit, tree=side.tree))
            took.append((time.perf_counter() - started) * 1000)
    took.sort()
    return {
        "moved_p50_ms": round(took[len(took) // 2], 2),
        "moved_p95_ms": round(took[int(len(took) * 0.95)], 2),
    }


def memory(directory: Path, names: list[str]) -> float:
    """Peak resident MiB of a process of its own that finds all conflicts."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak, (directory, names))


def _peak(directory: Path, names: list[str]) -> float:
    repository = Repository.discover(directory)
    with MergeTree(repository, environment=os.environ) as referee:
        TextDetector(repository, referee).detect(None, sides_of(repository, names), against_base=False)
    # Not getrusage: what the process had before it became this one would count.
    said = Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()
    return round(int(said[0]) / 1024, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, nargs="+", default=[300, 3000])
    parser.add_argument("--branches", type=int, nargs="+", default=[10, 100])
    wanted = parser.parse_args()
    for files in wanted.files:
        for branches in wanted.branches:
            with tempfile.TemporaryDirectory() as place:
                directory = Path(place) / "r"
                names = repository_of(directory, files, branches)
                found = one_run(directory, names) | moved_heads(directory, names)
                found["peak_mib"] = memory(directory, names)
            print(json.dumps({"files": files, "branches": branches, **found}), flush=True)


if __name__ == "__main__":
    main()
