"""
False alarms on history, on demand: `python benchmarks/corpora/symbols_on_history.py REPO [MERGES] [--sample]`.

`--sample` takes merges from all of the history instead of the newest. Git writes the trees of its merges into REPO: give it
a clone, or an empty repository that has REPO's objects as its alternates and its newest commit as HEAD.

Every two-parent merge that git merges cleanly, into the very tree that people committed, was fine as far as they knew:
an error said about its two sides is a false alarm until somebody looks and finds that it was a real breakage.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "src"))

from devassist.conflicts.symbols.detector import SymbolDetector
from devassist.domain.conflicts import Severity, Side
from devassist.git.merging.tree_view import TreeView
from devassist.git.repository import Repository


def git(repo: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", repo, *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def clean_merges(repo: Path, limit: int):
    """(merge, base, one, other) of clean merges with one merge base whose both sides changed something."""
    listed = git(repo, "log", "--merges", "--format=%H %P").splitlines()
    if "--sample" in sys.argv:
        random.Random(1).shuffle(listed)
    for line in listed[:limit]:
        merge, *parents = line.split()
        if len(parents) != 2:
            continue
        bases = git(repo, "merge-base", "--all", *parents).split()
        if len(bases) != 1 or bases[0] in parents:
            continue
        merged = git(repo, "merge-tree", "--write-tree", *parents).split("\n")[0]
        if merged == git(repo, "rev-parse", merge + "^{tree}"):
            yield merge, bases[0], *parents


def main(repo: Path, limit: int) -> None:
    view = TreeView(Repository.discover(repo))
    said: Counter[tuple[str, str]] = Counter()
    merges = alarmed = warned = 0
    seconds = time.process_time()
    cache = Path(tempfile.gettempdir()) / "devassist-corpus-tables" / repo.resolve().parent.name
    for merge, base, one, other in clean_merges(repo, limit):
        merges += 1
        detector = SymbolDetector(view, cache)
        sides = [
            Side(name=name, commit=name, tree=git(repo, "rev-parse", name + "^{tree}"))
            for name in (one, other)
        ]
        found = detector.detect(git(repo, "rev-parse", base + "^{tree}"), sides)
        alarmed += any(each.severity is Severity.ERROR for each in found)
        warned += any(each.severity is Severity.WARNING for each in found)
        for each in found:
            said[str(each.severity), each.kind] += 1
            if each.severity is Severity.ERROR or "-v" in sys.argv:
                print(
                    merge[:10],
                    each.severity,
                    each.kind,
                    each.explanation.replace(one, one[:7]).replace(other, other[:7]),
                )
    spent = time.process_time() - seconds
    print(
        f"{repo.name}: {merges} clean merges, {alarmed} with errors, {warned} with warnings, {spent:.1f} CPU-s"
    )
    for (severity, kind), count in sorted(said.items()):
        print(f"  {severity:8} {kind:26} {count}")


if __name__ == "__main__":
    numbers = [int(one) for one in sys.argv[2:] if one.isdigit()]
    main(Path(sys.argv[1]), numbers[0] if numbers else 300)
