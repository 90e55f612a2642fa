"""
From a save to the alert: the time until a conflict between running tasks is in the log, as JSON.

    PYTHONPATH=src:tests python benchmarks/bench_live_conflicts.py [--files 3000] [--wide 20] [--sides 8] [--saves 200]

The watch of a run is fed as a run feeds it: `tool.called` records of a write. Measured is the wall time from the
record of the save becoming durable to the `conflict.found` record of it (level text) being handed to the log;
`symbol` the same for a conflict that merges cleanly and breaks. The log is in memory, so that no disk is measured.
`delay` is how much longer a record takes to be made while the watch is busy than while it is idle: what an agent
could notice; `cpu_ms_per_save` the processor time of everything in this process for one save, on average, git's
co-process not counted. Every pair of sides is in conflict after a while, which is worse than a run is. Trees, worktrees, git's co-process and the detectors are real; agents are not.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from devassist.domain.events import EventType, Record
from support.branches import FILE, Author, Tree, text
from support.repos import git
from support.watching import Site, plan_of

_NARROW = 20
"""Directories of packages below one directory."""


def place(number: int, wide: int) -> tuple[str, str]:
    """The package and the name of a module, `wide` of them in a directory."""
    package = number // wide
    return f"p{package // _NARROW}/q{package % _NARROW}", f"f{number}"


def path_of(number: int, wide: int) -> str:
    return "/".join(place(number, wide)) + ".py"


def module_of(number: int, wide: int) -> str:
    return ".".join((place(number, wide)[0].replace("/", "."), place(number, wide)[1]))


def repository_of(directory: Path, files: int, wide: int) -> Path:
    """Modules of functions that import one another."""
    chance = random.Random(files)
    tree: Tree = {}
    for number in range(files):
        other = chance.randrange(files)
        lines = [f"from {module_of(other, wide)} import work_{other}_0", ""]
        for part in range(8):
            lines += [
                f"def work_{number}_{part}(value):",
                f"    total = value + {part}",
                "    return total",
                "",
            ]
        tree[path_of(number, wide)] = (FILE, text(lines))
    packages = {place(number, wide)[0] for number in range(files)}
    packages |= {one.partition("/")[0] for one in packages}
    tree |= {f"{one}/__init__.py": (FILE, b"") for one in packages}
    author = Author(directory)
    author.commit("main", tree)
    author.write()
    git(directory, "reset", "-q", "--hard", "main")
    return directory


class Clock:
    """When each save was recorded, and when the conflict in its path was."""

    def __init__(self) -> None:
        self.found = threading.Condition()
        self.at: dict[tuple[str, str], float] = {}

    def __call__(self, record: Record) -> None:
        if record.type is EventType.CONFLICT_FOUND:
            with self.found:
                key = (record.body.level, record.body.path)
                self.at.setdefault(key, time.perf_counter())
                self.found.notify_all()

    def wait(self, level: str, path: str, timeout_s: float = 30.0) -> float:
        with self.found:
            assert self.found.wait_for(lambda: (level, path) in self.at, timeout_s), f"no alert for {path}"
            return self.at[level, path]


def quantiles(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    return {
        "p50_ms": round(statistics.median(ordered) * 1000, 2),
        "p95_ms": round(p95 * 1000, 2),
        "n": len(ordered),
    }


def edited(path: Path, who: str, number: int) -> str:
    return path.read_text().replace("total = value + 3", f"total = value * {number} # {who}")


def measure(directory: Path, files: int, wide: int, sides: int, saves: int) -> dict[str, object]:
    repo = repository_of(directory / "repo", files, wide)
    names = [f"t{number}" for number in range(sides)]
    site = Site(repo, plan_of(*names), directory / "worktrees")
    clock = Clock()
    texts: list[float] = []
    symbols: list[float] = []
    idle: list[float] = []
    busy: list[float] = []
    with site:
        site.journal.followers.append(clock)
        for name in names:
            site.begin(name)
        chance = random.Random(1)
        chosen = chance.sample(range(files), saves + 1)
        warm, used = time.perf_counter(), time.process_time()
        for number, at in enumerate(chosen):
            path = path_of(at, wide)
            one, other = chance.sample(names, 2)
            site.save(one, {path: edited(site.worktrees / one / "coder" / path, one, number)})
            time.sleep(0.05)  # an agent's next save is at least a model call away
            started = time.perf_counter()
            site.save(other, {path: edited(site.worktrees / other / "coder" / path, other, number)})
            busy.append(time.perf_counter() - started)
            took = clock.wait("text", path) - started
            if number:
                texts.append(took)
            else:
                warm = took
        used = time.process_time() - used
        for at in chance.sample([one for one in range(files) if one not in chosen], min(saves, 50)):
            path, user = path_of(at, wide), f"{place(at, wide)[0]}/new{at}.py"
            one, other = chance.sample(names, 2)
            file = site.worktrees / one / "coder" / path
            site.save(one, {path: file.read_text().replace(f"work_{at}_5", f"renamed_{at}")})
            time.sleep(0.3)
            started = time.perf_counter()
            site.save(
                other, {user: f"from {module_of(at, wide)} import work_{at}_5\n\nprint(work_{at}_5(1))\n"}
            )
            symbols.append(clock.wait("symbol", path) - started)
        for _ in range(saves):
            started = time.perf_counter()
            site.save(names[0], {"idle.txt": "x\n"})
            idle.append(time.perf_counter() - started)
            time.sleep(0.005)
    return {
        "files": files,
        "files_per_directory": wide,
        "sides": sides,
        "first_alert_ms": round(warm * 1000, 2),
        "save_to_alert": quantiles(texts),
        "save_to_symbol_alert": quantiles(symbols),
        "cpu_ms_per_save": round(used / len(chosen) / 2 * 1000, 2),
        "record": {"idle": quantiles(idle), "with_an_alert": quantiles(busy)},
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=3000)
    parser.add_argument("--wide", type=int, default=20, help="files in each directory")
    parser.add_argument("--sides", type=int, default=8)
    parser.add_argument("--saves", type=int, default=200)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-live-") as directory:
        print(
            json.dumps(measure(Path(directory), given.files, given.wide, given.sides, given.saves), indent=2)
        )


if __name__ == "__main__":
    main()
