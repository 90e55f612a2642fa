"""
The behaviour level on a repository that nobody here wrote, with its own tests, on demand:

    python benchmarks/corpora/behaviour_on_history.py CLONE [CASES] --source src/pkg --python .venv/bin/python

One branch changes what a function does and takes out the tests that say otherwise; another adds a test file that still
relies on it; two more have nothing to do with either. Each passes all tests by itself. What is found, whom it is blamed
on and what it costs is counted with each way to choose tests, and the same without the branch that relies on it.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[2] / "src"))

from corpora.selection_on_mutations import failures, mutated
from corpora.types_on_history import Lab
from devassist.app.conflicts.compare import Comparison, compare
from devassist.app.wiring.host import Host
from devassist.app.wiring.project import open_project
from devassist.domain.conflicts import Level


def without(source: str, tests: set[str]) -> str:
    """A test file that no longer has these tests (`::Class::name[parameters]`), its own or inherited."""
    names = {test.strip(":").partition("[")[0].replace("::", ".") for test in tests}
    return source + "\n\n" + "\n".join(f"{name} = None" for name in sorted(names)) + "\n"


PLUGIN = """
import os

def pytest_unconfigure(config):
    used = os.times()
    print(f"\\nCPU-SECONDS {used.user + used.system + used.children_user + used.children_system:.2f}")
"""


def spent(clone: Path) -> float:
    """CPU seconds of all checks that the log knows of: each says its own."""
    with sqlite3.connect(clone / ".git/devassist/audit.db") as log:
        rows = log.execute("select json_extract(data, '$.output') from events where type = 'command.ran'")
        return sum(float(one) for (text,) in rows for one in re.findall(r"CPU-SECONDS ([\d.]+)", text or ""))


def look(
    given: argparse.Namespace, branches: tuple[str, ...], select: str
) -> tuple[list[tuple[str, ...]], dict, float]:
    """Whom each conflict is blamed on, the statistics, and CPU seconds of checks and choosing; nothing is known."""
    settings = f"[checks]\nselect = '{select}'\ncommands = [{given.check!r}]\n"
    (given.clone / ".devassist.toml").write_text(settings)
    before, started = spent(given.clone), time.process_time()
    with tempfile.TemporaryDirectory(prefix="behaviour-") as state:
        host = Host(directory=given.clone, environment={**os.environ, "DEVASSIST_STATE_DIR": state})
        wanted = Comparison(branches=branches, levels=(), deeper=(Level.BEHAVIOUR,), committed=True)
        found = compare(open_project(host), wanted, {})
    (given.clone / ".devassist.toml").unlink()
    return (
        [tuple(sorted(one.branches)) for one in found.conflicts],
        dict(found.stats),
        spent(given.clone) - before + time.process_time() - started,
    )


def main(given: argparse.Namespace) -> None:
    given.clone = given.clone.resolve()
    chance = random.Random(given.seed)
    site = [given.python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    folder = subprocess.run(site, capture_output=True, text=True, check=True).stdout.strip()
    Path(folder, "devassist_cpu_seconds.py").write_text(PLUGIN)  # where the sandbox lets tests read
    look(given, ("HEAD",), "off")
    with tempfile.TemporaryDirectory() as scratch:
        lab = Lab(given.clone, scratch)
        already, _cpu, _said = failures(given, given.tests.split())
        tracked = lab.git("ls-files").splitlines()
        sources = [
            one
            for one in tracked
            if one.startswith(given.source) and one.endswith(".py") and "test" not in one
        ]
        counts: Counter[str] = Counter()
        cpu: Counter[str] = Counter()
        done = 0
        while done < given.cases:
            files = case(given, lab, sources, already, chance)
            if files is None:
                continue
            done += 1
            head = lab.git("rev-parse", "HEAD")
            for name, changed in files.items():
                lab.commit(name, head, changed)
            for select in ("off", "first", "only"):
                blamed, stats, seconds = look(given, ("x-apart", "x-changes", "x-far", "x-relies"), select)
                cpu[select] += seconds
                counts[f"{select}: found"] += bool(blamed)
                counts[f"{select}: blamed right"] += blamed == [("x-changes", "x-relies")]
                counts[f"{select}: commands"] += stats["commands"]
                print(
                    done,
                    select,
                    blamed,
                    stats["notes"],
                    stats["tests"],
                    stats["commands"],
                    round(seconds, 1),
                    flush=True,
                )
            for select in ("off", "first"):
                blamed, stats, seconds = look(given, ("x-apart", "x-changes", "x-far"), select)
                cpu[f"{select}, nothing wrong"] += seconds
                counts[f"{select}: false"] += bool(blamed)
            print(
                f"{done} cases so far:",
                dict(sorted(counts.items())),
                {k: round(v, 1) for k, v in cpu.items()},
                flush=True,
            )
    print(f"{given.clone.name}: {done} cases; {dict(sorted(counts.items()))}")
    print({name: round(seconds, 1) for name, seconds in cpu.items()}, "CPU-s")


def failing(given: argparse.Namespace, files: dict[str, str]) -> set[tuple[str, str]]:
    """What fails with these files in place: the truth, made without devassist."""
    before = {
        path: (given.clone / path).read_text("utf-8") for path in files if (given.clone / path).exists()
    }
    try:
        for path, text in files.items():
            (given.clone / path).write_text(text, "utf-8")
        return failures(given, given.tests.split())[0]
    finally:
        for path in files:
            (given.clone / path).unlink()
        for path, text in before.items():
            (given.clone / path).write_text(text, "utf-8")


def case(
    given: argparse.Namespace,
    lab: Lab,
    sources: list[str],
    already: set[tuple[str, str]],
    chance: random.Random,
) -> dict[str, dict[str, str]] | None:
    """What each branch changes: a change that some tests notice, and one that relies on what was before."""
    path, far = chance.sample(sources, 2)
    old = (given.clone / path).read_text("utf-8")
    changed = mutated(old, chance)
    if changed is None:
        return None
    broken = failing(given, {path: changed[0]}) - already
    if not broken or len({name for name, _test in broken}) > 3 or any(not test for _name, test in broken):
        return None
    changes = {path: changed[0]}
    for name in {name for name, _test in broken}:
        tests = {test for other, test in broken if other == name}
        changes[name] = without((given.clone / name).read_text("utf-8"), tests)
    name = chance.choice(sorted({name for name, _test in broken}))
    relies = {str(Path(name).with_name("test_fresh_copy.py")): (given.clone / name).read_text("utf-8")}
    if failing(given, changes) - already or not failing(given, changes | relies) - already:
        return None  # an inherited test, say: what it was is not what it looks like
    apart = {far: (given.clone / far).read_text("utf-8") + "\n\ndef _apart():\n    return 1\n"}
    return {"x-changes": changes, "x-relies": relies, "x-apart": apart, "x-far": {"NEWS.md": "words\n"}}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("clone", type=Path)
    parser.add_argument("cases", type=int, nargs="?", default=5)
    parser.add_argument("--tests", default="tests")
    parser.add_argument("--source", default="src")
    parser.add_argument("--path", default="src")
    parser.add_argument(
        "--check",
        default="PYTHONPATH=src python -m pytest -q -p no:cacheprovider -p devassist_cpu_seconds tests",
    )
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--seed", type=int, default=1)
    main(parser.parse_args())
