"""
CPU of `--help`, `status` and the completion of run ids against importing typer, rich and pygit2, in one run.

    python benchmarks/bench_startup.py [REPOSITORY]

User plus system time of whole processes, the median of alternating runs. With REPOSITORY, `status` runs there;
otherwise in an empty repository.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

SOURCE = str(Path(__file__).resolve().parents[1] / "src")
RUNS = 9
_TAB = {
    "_DEVASSIST_COMPLETE": "complete_bash",
    "COMP_WORDS": "devassist logs ",
    "COMP_CWORD": "2",
}
"""What bash sets when Tab is pressed behind `devassist logs `."""


def cpu_ms(command: list[str], cwd: str, environment: Mapping[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": SOURCE, **environment},
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=60,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) * 1000


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        where = sys.argv[1] if len(sys.argv) > 1 else scratch
        if where == scratch:
            git = ["git", "-c", "user.name=b", "-c", "user.email=b@b"]
            subprocess.run([*git, "init", "-q"], cwd=scratch, check=True)
            subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "base"], cwd=scratch, check=True)
        commands = {
            "reference": [sys.executable, "-P", "-c", "import typer, rich.console, rich.table, pygit2"],
            "help": [sys.executable, "-P", "-m", "devassist", "--help"],
            "status": [sys.executable, "-P", "-m", "devassist", "status"],
            "completion": [
                sys.executable,
                "-P",
                "-c",
                "import sys; sys.argv = ['devassist']; from devassist.cli.app import main; main()",
            ],
        }
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(RUNS):
            for name, command in commands.items():
                taken[name].append(cpu_ms(command, where, _TAB if name == "completion" else {}))
    median = {name: statistics.median(values) for name, values in taken.items()}
    figures = {f"{name}_ms": round(value, 1) for name, value in median.items()}
    for name in commands:
        ratios = [mine / theirs for mine, theirs in zip(taken[name], taken["reference"], strict=True)]
        figures[f"{name}_ratio"] = round(statistics.median(ratios), 2)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
