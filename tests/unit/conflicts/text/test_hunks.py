"""Hunks are those of git's histogram diff; merge bases are those of git; where they are unsure git is asked."""

from __future__ import annotations

import random
import re
import subprocess
from pathlib import Path

import pygit2

from devassist.conflicts.text.histogram import histogram_hunks
from devassist.conflicts.text.hunks import HunkIndex
from devassist.git.differences import Hunk
from devassist.git.merging.bases import MergeBases
from devassist.git.repository import Repository
from support.branches import FILE, Author, text

_HEADER = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


def git_hunks(directory: Path, old: str, new: str) -> list[Hunk]:
    """With context, because without it git first cuts off the common end, which its merge does not."""
    arguments = "diff --histogram --no-indent-heuristic -U1".split()
    shown = subprocess.run(
        ["git", *arguments, old, new], cwd=directory, capture_output=True, check=True
    ).stdout
    found: list[Hunk] = []
    left = right = 0
    open_at: tuple[int, int] | None = None
    for line in [*shown.decode().split("\n"), "@@ -1 +1 @@"]:
        header = _HEADER.match(line)
        if open_at is not None and line[:1] not in ("-", "+", "\\"):
            found.append(Hunk(open_at[0], left - open_at[0], open_at[1], right - open_at[1]))
            open_at = None
        if header:
            left = int(header[1]) - (header[2] != "0")
            right = int(header[3]) - (header[4] != "0")
        elif line.startswith(("--- ", "+++ ", "diff", "index")):
            continue
        elif line[:1] in ("-", "+"):
            open_at = open_at or (left, right)
            left += line[0] == "-"
            right += line[0] == "+"
        elif line.startswith(" "):
            left += 1
            right += 1
    return found


def numbers(chance: random.Random, lines: int, variety: int) -> list[int]:
    return [
        chance.randint(0, variety) if chance.random() < 0.7 else chance.randint(100, 100_000)
        for _ in range(lines)
    ]


def mixed(chance: random.Random, lines: list[int]) -> list[int]:
    new = list(lines)
    for _ in range(chance.randint(1, 5)):
        at, size = chance.randint(0, len(new)), chance.randint(0, 4)
        if chance.random() < 0.3:
            moved = new[at : at + size]
            del new[at : at + size]
            place = chance.randint(0, len(new))
            new[place:place] = moved
        else:
            new[at : at + size] = numbers(chance, chance.randint(0, 3), 4)
    return new


def test_hunks_are_those_of_git(tmp_path: Path) -> None:
    seed = random.SystemRandom().getrandbits(32)
    print("seed", seed)
    chance = random.Random(seed)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    handle = pygit2.Repository(str(tmp_path))
    for _ in range(150):
        old = numbers(chance, chance.randint(1, 40), chance.choice((2, 6, 30)))
        new = mixed(chance, old)
        ids = [str(handle.create_blob(text([str(line) for line in lines]))) for lines in (old, new)]
        found = histogram_hunks(old, new)
        # None is always right: then git decides.
        assert found is None or list(found) == git_hunks(tmp_path, *ids), (old, new)


def test_certain_alignments_are_those_of_git_too(tmp_path: Path) -> None:
    """Whether Myers was trusted or not: all that git takes for changed is in the hunks."""
    seed = random.SystemRandom().getrandbits(32)
    print("seed", seed)
    chance = random.Random(seed)
    author = Author(tmp_path)
    author.commit("main", {"f": (FILE, b"x")})
    author.write()
    repository = Repository.discover(tmp_path)
    index = HunkIndex(repository)
    for _ in range(100):
        old = numbers(chance, chance.randint(1, 40), chance.choice((2, 6, 3000)))
        new = mixed(chance, old)
        ids = [
            str(repository.handle.create_blob(text([str(line) for line in lines]))) for lines in (old, new)
        ]
        found = index.between(*ids)
        assert found is None or set(git_hunks(tmp_path, *ids)) <= set(found), (old, new)


def test_a_missing_line_feed_at_the_end_is_a_change_of_the_last_line(tmp_path: Path) -> None:
    author = Author(tmp_path)
    author.commit("main", {"f": (FILE, b"x")})
    author.write()
    repository = Repository.discover(tmp_path)
    one, other = (str(repository.handle.create_blob(data)) for data in (b"1\n2\n3\n", b"1\n2\n3"))
    assert HunkIndex(repository).between(one, other) == (Hunk(2, 1, 2, 1),)
    assert HunkIndex(repository).between(other, one) == (Hunk(2, 1, 2, 1),)


def test_merge_bases_are_those_of_git(tmp_path: Path) -> None:
    seed = random.SystemRandom().getrandbits(32)
    print("seed", seed)
    chance = random.Random(seed)
    author = Author(tmp_path)
    marks = [author.commit("main", {"f": (FILE, b"x")})]
    for number in range(40):
        parents = chance.sample(marks[-8:], min(len(marks), chance.choice((1, 1, 2))))
        marks.append(author.commit(f"b{number}", {"f": (FILE, b"%d" % number)}, *parents))
    author.write()
    repository = Repository.discover(tmp_path)
    commits = [repository.resolve(f"b{number}") for number in range(40)]
    chance.shuffle(commits)
    bases = MergeBases(repository)
    for known in (10, 25, 30):
        bases.add(commits[:known])
        for _ in range(40):
            one, other = chance.sample(commits[:known], 2)
            command = ["git", "merge-base", "--all", one, other]
            said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
            assert sorted(bases.between(one, other) or ()) == sorted(said.split())
