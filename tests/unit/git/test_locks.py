"""The repository's lock and git's gc.pid: held, renewed and given back."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from devassist.domain.errors import RepositoryError
from unit.git.test_support import Lab, new_lab


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return new_lab(tmp_path)


def test_gc_is_held_off_and_given_back(lab: Lab) -> None:
    path = lab.root / ".git/gc.pid"
    with lab.repository.hold_gc(os.getpid()) as ours:
        assert ours
        assert path.read_text() == f"{os.getpid()} {socket.gethostname()}"
        lab.commit({"n": "1"})
        done = subprocess.run(
            ["git", "gc", "--prune=now"], cwd=lab.root, env=lab.env, capture_output=True, check=False
        )
        assert b"already running" in done.stderr
        with lab.repository.hold_gc(os.getpid()) as again:
            assert not again
        assert path.exists()
    assert not path.exists()
    path.write_text(f"999999999 {socket.gethostname()}")
    with lab.repository.hold_gc(os.getpid()) as ours:
        assert ours
    path.write_text("1 another-host")
    with lab.repository.hold_gc(os.getpid()) as ours:
        assert not ours
    assert path.read_text() == "1 another-host"


def test_the_lock_excludes_another_process(lab: Lab) -> None:
    code = (
        "import fcntl,os,sys\n"
        f"d=os.open({str(lab.root / '.git/devassist/lock')!r},os.O_RDWR)\n"
        "fcntl.flock(d,fcntl.LOCK_EX)\nprint('held',flush=True)\nsys.stdin.read()\n"
    )
    with lab.repository.lock():
        pass
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None and holder.stdin is not None
    holder.stdout.readline()
    with pytest.raises(RepositoryError, match="Another devassist"), lab.repository.lock(timeout_s=0.2):
        pass
    holder.stdin.close()
    holder.wait()
    holder.stdout.close()
    with lab.repository.lock(timeout_s=1):
        pass
