"""A working tree whose directories are exchanged for links while the harness reads and writes in it: nothing gets out."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pygit2
import pytest

from devassist.domain.errors import RepositoryError
from devassist.git.objects.trees import FILE, Entry
from devassist.git.worktree.files import Files
from support.repos import make_repository

pytestmark = pytest.mark.thorough  # races take their time
TRIES = int(os.environ.get("DEVASSIST_TEST_RACES", "5000"))
SECRET, HARMLESS = b"-----BEGIN PRIVATE KEY-----\n", b"harmless\n"
SWAP = """
import ctypes, os, sys
tree, outside = sys.argv[1:]
libc = ctypes.CDLL(None)
pairs = []
for number, name in enumerate(("dir", "deep/a/b")):
    link = os.path.join(tree, f"link{number}")
    os.symlink(outside, link)
    pairs.append((os.fsencode(os.path.join(tree, name)), os.fsencode(link)))
print("ready", flush=True)
while True:
    for place, link in pairs:
        libc.renameat2(-100, place, -100, link, 2)  # exchanges the two
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = make_repository(
        tmp_path / "repo", {"dir/key": HARMLESS, "deep/a/b/key": HARMLESS, "other/file": HARMLESS}
    )
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "key").write_bytes(SECRET)
    return root


@contextlib.contextmanager
def swapped(tree: Path) -> Iterator[Path]:
    """Another process exchanges two directories for links that lead outside, as fast as it can."""
    outside = tree.parent / "outside"
    command = [sys.executable, "-c", SWAP, str(tree), str(outside)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield outside
        finally:
            process.kill()


def test_no_read_leaves_the_tree(tree: Path) -> None:
    files, secret = Files(pygit2.Repository(str(tree)), tree), str(pygit2.hash(SECRET))
    seen = set[str]()
    with swapped(tree):
        for number in range(TRIES):
            path = ("dir/key", "deep/a/b/key")[number % 2]
            found = files.see(path, store=False)
            seen.add(found.entry.id if found is not None else "")
            assert SECRET not in files.raw(path)
    assert secret not in seen
    assert str(pygit2.hash(HARMLESS)) in seen, "the tree was read at all"


def test_no_write_and_no_removal_leaves_the_tree(tree: Path) -> None:
    repo = pygit2.Repository(str(tree))
    files, written = Files(repo, tree), Entry(FILE, str(repo.create_blob(b"written\n")))
    with swapped(tree) as outside:
        for number in range(TRIES // 4):
            path = ("dir/new", "deep/a/b/new")[number % 2]
            with contextlib.suppress(RepositoryError, OSError):
                files.write(path, written)
            with contextlib.suppress(RepositoryError, OSError):
                files.remove(path.replace("new", "key"))
            assert sorted(os.listdir(outside)) == ["key"]
    assert (tree.parent / "outside" / "key").read_bytes() == SECRET


def test_the_race_is_won_by_a_reader_that_looks_first_and_opens_then(tree: Path) -> None:
    """The control: without it the tests above could pass because nothing is ever exchanged in time."""
    got, until = 0, time.monotonic() + 60
    with swapped(tree):
        while not got and time.monotonic() < until:
            place = tree / "dir"
            with contextlib.suppress(OSError):
                if not place.is_symlink():
                    got += (place / "key").read_bytes() == SECRET
    assert got
