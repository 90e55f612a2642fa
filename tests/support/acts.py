"""Programs that a failpoint starts: what somebody else does to a run at that very moment."""

from __future__ import annotations

import sys
from pathlib import Path

_COMMON = """
import os, signal, sqlite3, subprocess, sys, time
from pathlib import Path

REPO = Path({repo!r})
POINT, PID = sys.argv[1], int(sys.argv[2])

def supervisor():
    (lock,) = (REPO / ".git/devassist/locks").glob("*.lock")
    return int(lock.read_text())

def processes():
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text("ascii", "replace").rpartition(")")[2].split()
            except OSError:
                continue
            yield int(entry.name), int(fields[1]), int(fields[3])

def workers():
    # supervisor -> forkserver -> workers, each the leader of a session of its own.
    found = list(processes())
    servers = {{pid for pid, parent, _ in found if parent == supervisor()}}
    return [pid for pid, parent, session in found if parent in servers and session == pid]

def kill(number, pids):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass

def git(*args):
    return subprocess.run(["git", *args], cwd=REPO, capture_output=True, text=True, check=True).stdout.strip()

def aside(seconds, act):
    # In a process of its own, because whoever reached the failpoint goes on meanwhile.
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.setsid()
        undo = act()
        os.write(writing, b"x")
        os.close(writing)
        for number in (0, 1, 2):
            os.close(number)
        time.sleep(seconds)
        undo()
        os._exit(0)
    os.read(reading, 1)

def lock_git():
    places = [*(one / "index.lock" for one in REPO.glob(".git/worktrees/da-*"))]
    places += [one.with_name(one.name + ".lock") for one in (REPO / ".git/refs/heads/devassist").rglob("*") if one.is_file() and one.suffix != ".lock"]
    made = []
    for place in places:
        try:
            os.close(os.open(place, os.O_CREAT | os.O_EXCL))
            made.append(place)
        except OSError:
            pass
    def undo():
        for place in made:
            place.unlink(missing_ok=True)
    return undo

def lock_database():
    connection = sqlite3.connect(REPO / ".git/devassist/audit.db", isolation_level=None, timeout=30)
    connection.execute("BEGIN IMMEDIATE")
    return connection.close

def commit_to_result():
    run = next((REPO / ".git/devassist/locks").glob("*.lock")).stem
    ref = "refs/heads/devassist/%s/result" % run
    tip = subprocess.run(["git", "rev-parse", "-q", "--verify", ref], cwd=REPO, capture_output=True, text=True).stdout.strip()
    base = tip or git("rev-parse", "HEAD")
    made = git("-c", "user.name=me", "-c", "user.email=me@example.org", "commit-tree", base + "^{{tree}}", "-p", base, "-m", "mine")
    git("update-ref", ref, made, *([tip] if tip else []))
    git("update-ref", "refs/heads/persons-own", made)
"""

_ACTS = {
    "kill-supervisor": "kill(signal.SIGKILL, [supervisor()])",
    "kill-worker": "kill(signal.SIGKILL, [PID] if PID in workers() else workers())",
    "kill-both": "found = workers(); kill(signal.SIGKILL, [supervisor(), *found])",
    "term-supervisor": "kill(signal.SIGTERM, [supervisor()])",
    "int-supervisor": "kill(signal.SIGINT, [supervisor()])",
    "git-lock": "aside(0.6, lock_git)",
    "db-locked": "aside(1.5, lock_database)",
    "commit-live": "commit_to_result()",
    "gc-live": "git('gc', '-q')",
}


def program(root: Path, repo: Path, act: str) -> Path:
    """The executable that does `act` in `repo`."""
    path = root / "acts" / act
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!{sys.executable} -ISE\n{_COMMON.format(repo=str(repo))}\n{_ACTS[act]}\n")
    path.chmod(0o755)
    return path


PROGRAMS = tuple(_ACTS)
