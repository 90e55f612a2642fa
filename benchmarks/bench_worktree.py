"""Opening a worktree and reading its state, measured beside `git worktree add`: 1,000 and 50,000 files."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from devassist.git.repository import Repository
from devassist.git.worktree.worktrees import Worktree, open_worktree
from unit.git.test_support import ME, Lab, isolate


def repository_of(base: Path, count: int) -> Lab:
    lab = Lab(base.resolve())
    lab.env = isolate(lab.base / "home")
    lab.root.mkdir()
    (lab.base / "home/gitconfig").write_text("[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n")
    lab.git("init", "-q", "-b", "main")
    for number in range(count):
        folder = lab.root / f"d{number // 1000}/s{number // 50 % 20}"
        if number % 50 == 0:
            folder.mkdir(parents=True, exist_ok=True)
        (folder / f"f{number}.py").write_text(f"# file {number}\n" + "x = 1\n" * (number % 120))
    lab.git("add", "-A")
    lab.git("commit", "-qm", "files")
    lab.git("gc", "-q")
    return lab


def timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def measure(count: int, rounds: int, where: Path | None) -> None:
    with tempfile.TemporaryDirectory(dir=where) as place:
        lab = repository_of(Path(place), count)
        repository = Repository.discover(lab.root)
        ours, theirs, opened = [], [], list[Worktree]()
        for number in range(rounds):
            target = lab.base / f"git-{number}"
            theirs.append(
                timed(
                    lambda t=target, n=number: lab.git(
                        "worktree", "add", "-q", "--no-track", "-b", f"g{n}", str(t), "HEAD"
                    )
                )
            )
            lab.git("worktree", "remove", "--force", str(target))

            def add(n: int = number) -> None:
                opened.append(
                    open_worktree(
                        repository,
                        name=f"da-{n}",
                        path=lab.base / f"da-{n}",
                        branch=f"devassist/{n}",
                        commit=repository.head_commit,
                        reason="devassist bench",
                    )
                )

            ours.append(timed(add))
            if number < rounds - 1:
                opened.pop().remove()
        worktree = opened[0]
        state = timed(worktree.changes)
        again = timed(worktree.changes)
        git_status = timed(
            lambda: subprocess.run(
                ["git", "status", "--porcelain"], cwd=worktree.path, env=lab.env, check=True
            )
        )
        (worktree.path / "new.py").write_text("x\n")
        commit = timed(lambda: worktree.commit(["new.py"], "m", author=ME, committer=ME))
        removed = timed(lambda: shutil.rmtree(worktree.path))
        a, b = statistics.median(ours), statistics.median(theirs)
        print(
            f"{count:6} files: open {a * 1e3:7.0f} ms, git worktree add {b * 1e3:7.0f} ms, ratio {a / b:.2f}; "
            f"changes {state * 1e3:.0f}/{again * 1e3:.0f} ms, git status {git_status * 1e3:.0f} ms; "
            f"commit of 1 {commit * 1e3:.0f} ms; delete {removed * 1e3:.0f} ms"
        )


if __name__ == "__main__":
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    measure(1_000, 5, directory)
    measure(50_000, 3, directory)
