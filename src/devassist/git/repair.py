"""Puts right what a killed process leaves in a repository, in our own namespace and nowhere else."""

from __future__ import annotations

import contextlib
from pathlib import Path

from devassist.git.repository import Repository


def clear_dead_locks(repository: Repository, run: str) -> list[str]:
    """
    Remove the lock files of a run that nothing works at any more; their paths below the git directory.

    The caller holds the run's lock and has ended its processes. Locks of others are never touched.
    """
    common = repository.common_dir
    roots = [
        *common.glob(f"worktrees/da-{run}-*"),
        common / "refs" / "heads" / "devassist" / run,
        *(common / "refs" / "devassist" / kind / run for kind in ("rescue", "keep")),
    ]
    found = [lock for root in roots if root.is_dir() for lock in root.rglob("*.lock")]
    found += [
        lock for kind in ("base",) if (lock := common / "refs" / "devassist" / kind / f"{run}.lock").exists()
    ]
    for lock in found:
        with contextlib.suppress(OSError):
            lock.unlink()
    return [str(lock.relative_to(common)) for lock in found]


def adopt_moved(repository: Repository, worktree: Path, name: str) -> bool:
    """Point a worktree at its repository again after the repository moved; True when anything was wrong."""
    pointer = worktree / ".git"
    admin = repository.common_dir / "worktrees" / name
    wanted = f"gitdir: {admin}\n"
    if not pointer.is_file() or pointer.is_symlink() or not admin.is_dir():
        return False
    there = (admin / "gitdir").read_text() if (admin / "gitdir").is_file() else ""
    if pointer.read_text() == wanted and there == f"{pointer}\n":
        return False
    pointer.write_text(wanted)
    (admin / "gitdir").write_text(f"{pointer}\n")
    return True
