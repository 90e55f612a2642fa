"""
Replays the two-parent merges of a real history: do we and `git merge-tree` find the same conflicts.

    PYTHONPATH=src:tests:benchmarks python benchmarks/corpora/replay_merges.py REPOSITORY [--limit N]

REPOSITORY is read only; what a merge makes is written to a scratch directory that is removed. Prints one line
of JSON: merges, agreement in both directions, by kind, and how often git had to be asked.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

from devassist.conflicts.text.detector import TextDetector
from devassist.domain.conflicts import Side
from devassist.git.merging.merge_tree import MergeTree
from devassist.git.repository import Repository
from support.branches import git_says


def merges(directory: Path, limit: int) -> list[tuple[str, str]]:
    command = [
        "git",
        "log",
        "--all",
        "--min-parents=2",
        "--max-parents=2",
        "--format=%P",
        f"--max-count={limit}",
    ]
    listed = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=True).stdout
    found = [tuple(line.split()) for line in listed.splitlines()]
    return list(dict.fromkeys((pair[0], pair[1]) for pair in found))


def kinds_of(messages: frozenset[tuple[str, str]]) -> set[str]:
    """Git's words for kinds of conflict, in the contract's spelling as far as that is a matter of spelling."""
    names = {re.sub(r"CONFLICT ?\(|\)", "", kind).replace("/", "-") for kind, _path in messages}
    if "binary" in names:
        names -= {"content"}
    return names


def replay(directory: Path, limit: int) -> dict[str, object]:
    repository = Repository.discover(directory)
    count: Counter[str] = Counter()
    kinds: dict[str, Counter[str]] = {"git": Counter(), "ours": Counter()}
    for number, (one, other) in enumerate(merges(directory, limit)):
        if number % 100 == 0:
            referee = MergeTree(repository, environment=os.environ)
        with_names = [Side(name=c, commit=c, tree=repository.tree_of(c)) for c in (one, other)]
        # A detector for each merge: nothing is known from the one before.
        result = TextDetector(repository, referee).detect(None, with_names, against_base=False)
        clean, messages = git_says_apart(directory, referee.scratch.path, one, other)
        count["merges"] += 1
        count["asked"] += result.pairs_merged
        count["git_conflicts"] += not clean
        count["our_conflicts"] += bool(result.conflicts)
        count["missed"] += bool(not clean and not result.conflicts)
        count["invented"] += bool(clean and result.conflicts)
        if not clean:
            kinds["git"].update(kinds_of(messages))
        kinds["ours"].update({conflict.kind for conflict in result.conflicts})
        if number % 100 == 99:
            referee.close()
    if count["merges"] % 100:
        referee.close()
    return {"repository": directory.name, **count, "kinds": {who: dict(seen) for who, seen in kinds.items()}}


def git_says_apart(
    directory: Path, scratch: Path, one: str, other: str
) -> tuple[bool, frozenset[tuple[str, str]]]:
    """Git's word by a process of its own, whose objects go to the scratch directory too."""
    os.environ["GIT_OBJECT_DIRECTORY"] = str(scratch)
    os.environ["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = str(directory / ".git" / "objects")
    try:
        return git_says(directory, one, other)
    finally:
        del os.environ["GIT_OBJECT_DIRECTORY"], os.environ["GIT_ALTERNATE_OBJECT_DIRECTORIES"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repository", type=Path)
    parser.add_argument("--limit", type=int, default=10_000)
    wanted = parser.parse_args()
    found = replay(wanted.repository.resolve(), wanted.limit)
    print(json.dumps(found))
    sys.exit(bool(found.get("missed") or found.get("invented")))


if __name__ == "__main__":
    main()
