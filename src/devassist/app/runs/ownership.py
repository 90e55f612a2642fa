"""Who owns a run: one supervisor at a time, held by a lock that the kernel gives back when it dies."""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devassist.app.wiring.host import boot_id, versions
from devassist.app.wiring.project import Project
from devassist.domain.errors import Refused
from devassist.domain.events import Owner
from devassist.domain.state.run import RunState
from devassist.domain.statuses import RunStatus, TaskStatus

_PATIENCE_S = 0.3
_START_FIELD = 19
"""The process's start in /proc/PID/stat, counted after the command's closing parenthesis."""


def owner(*, detached: bool) -> Owner:
    """This process, as the log names the owner of a run."""
    return Owner(
        argv=tuple(sys.argv[1:]),
        versions=versions(),
        pid=os.getpid(),
        process_started=process_started(os.getpid()),
        boot_id=boot_id(),
        detached=detached,
    )


def process_started(pid: int) -> int:
    """Clock ticks since boot at which the process began; 0 when there is none."""
    try:
        return int(
            Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[_START_FIELD]
        )
    except (OSError, IndexError, ValueError):
        return 0


@contextmanager
def own_run(project: Project, run: str) -> Iterator[None]:
    """Hold the run's lock. Raises Refused while another process does."""
    path = _lock_path(project, run)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        end = time.monotonic() + _PATIENCE_S  # somebody may only be looking whether it is held
        while not _locked(descriptor, fcntl.LOCK_EX):
            if time.monotonic() > end:
                holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
                by = f"process {holder}" if holder else "another process"
                raise Refused(f"{run} is at work already, in {by}", hint=f"devassist watch {run}")
            time.sleep(0.02)
        os.truncate(path, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def is_alive(project: Project, run: str) -> bool:
    """Whether a supervisor owns the run now."""
    return _held(_lock_path(project, run))


def supervisor_of(project: Project, state: RunState) -> int:
    """The pid of the live supervisor of a run; 0 when none is alive, whatever its pid is used for now."""
    if not state.sessions or not is_alive(project, state.run):
        return 0
    session = state.sessions[-1]
    if session.boot_id != boot_id() or process_started(session.pid) != session.started:
        return 0
    return session.pid


def crashed(project: Project, state: RunState) -> bool:
    """Whether the log says that the run goes on and no process does."""
    return state.status is RunStatus.RUNNING and not is_alive(project, state.run)


def present(project: Project, state: RunState) -> RunState:
    """The state as it is now: a run whose supervisor is gone without a word has stopped, whatever its log says last."""
    if crashed(project, state):
        state.status = RunStatus.STOPPED
        for task in state.tasks.values():
            if task.status is TaskStatus.RUNNING:
                task.status = TaskStatus.STOPPED
        state.error = "its supervisor is gone"
        state.hint = f"devassist resume {state.run}"
    return state


def live_runs(project: Project) -> list[str]:
    directory = _lock_path(project, "x").parent
    return sorted(one.stem for one in directory.glob("*.lock") if _held(one)) if directory.is_dir() else []


def fair_share(project: Project, limit: int) -> int:
    """This run's part of `limit` workers while other runs of the repository are at work; at least one."""
    return max(1, limit // max(1, len(live_runs(project))))


def _lock_path(project: Project, run: str) -> Path:
    return project.repository.common_dir / "devassist" / "locks" / f"{run}.lock"


def _held(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not _locked(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
