"""Ownership of a run: one supervisor at a time holds its lock, which the kernel releases when the process ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devassist.app.wiring.host import boot_id
from devassist.app.wiring.project import Project
from devassist.domain.errors import Refused
from devassist.domain.state.run import RunState
from devassist.domain.statuses import RunStatus, TaskStatus

_PATIENCE_S = 0.3
_START_FIELD = 19
"""Index of a process's start time in /proc/PID/stat, counted after the command's closing parenthesis."""


def process_started(pid: int) -> int:
    """The start of a process in clock ticks since boot; 0 if there is no such process."""
    try:
        return int(
            Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[_START_FIELD]
        )
    except (OSError, IndexError, ValueError):
        return 0


@contextmanager
def own_run(project: Project, run: str) -> Iterator[None]:
    """Holds the run's lock. Raises Refused if another process holds it."""
    path = _lock_path(project, run)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        end = time.monotonic() + _PATIENCE_S  # another process may hold it only to test it
        while not _lock(descriptor, fcntl.LOCK_EX):
            if time.monotonic() > end:
                pid = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
                owner_name = f"process {pid}" if pid else "another process"
                raise Refused(f"{run} is at work already, in {owner_name}", hint=f"devassist watch {run}")
            time.sleep(0.02)
        os.truncate(path, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def is_alive(project: Project, run: str) -> bool:
    """Whether a live supervisor owns the run."""
    return _is_locked(_lock_path(project, run))


def supervisor_of(project: Project, state: RunState) -> int:
    """The pid of a run's live supervisor; 0 if there is none, even if its pid has been reused."""
    if not state.sessions or not is_alive(project, state.run):
        return 0
    session = state.sessions[-1]
    if session.boot_id != boot_id() or process_started(session.pid) != session.started:
        return 0
    return session.pid


def crashed(project: Project, state: RunState) -> bool:
    """Whether the log has the run as running although no process owns it."""
    return state.status is RunStatus.RUNNING and not is_alive(project, state.run)


def present(project: Project, state: RunState) -> RunState:
    """The current state: a run whose supervisor died without recording an end is shown as stopped."""
    if crashed(project, state):
        state.status = RunStatus.STOPPED
        for task in state.tasks.values():
            if task.status is TaskStatus.RUNNING:
                task.status = TaskStatus.STOPPED
        state.error = "its supervisor is gone"
        state.hint = f"devassist resume {state.run}"
    return state


def live_runs(project: Project) -> list[str]:
    """The ids of the runs that a process owns."""
    directory = _lock_path(project, "x").parent
    return (
        sorted(path.stem for path in directory.glob("*.lock") if _is_locked(path))
        if directory.is_dir()
        else []
    )


def fair_share(project: Project, limit: int) -> int:
    """How many of `limit` workers this run may use while other runs are active; at least one."""
    return max(1, limit // max(1, len(live_runs(project))))


def _lock_path(project: Project, run: str) -> Path:
    return project.repository.common_dir / "devassist" / "locks" / f"{run}.lock"


def _is_locked(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not _lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, kind: int) -> bool:
    """Takes the lock without waiting; whether that succeeded."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
