"""Locks we hold on a repository: one flock for everything that changes its set of worktrees, and gc.pid."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from devassist.domain.errors import RepositoryError
from devassist.git.objects.errors import translated

_PAUSE_S = 0.05


@contextmanager
def held_flock(
    path: Path,
    *,
    timeout_s: float,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.monotonic,
) -> Iterator[None]:
    """Hold an exclusive flock on `path`; the kernel gives it back even when we are killed."""
    with translated("open the lock"):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        start = now()
        while not _try_lock(descriptor):
            if timeout_s <= now() - start:
                raise RepositoryError(
                    f"Another devassist has held {path} for {timeout_s:g} s",
                    hint="Wait for it, or see 'devassist status' for what runs",
                )
            sleep(_PAUSE_S)
        yield
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def held_gc(common_dir: Path, pid: int) -> Iterator[bool]:
    """
    Keep `git gc` from pruning objects while agents work; False when somebody else holds it already.

    git reads "<pid> <hostname>" and believes it for 12 hours, so a long run calls `touch_gc` hourly.
    """
    path = common_dir / "gc.pid"
    content = f"{pid} {socket.gethostname()}"
    ours = _claim(path, content)
    try:
        yield ours
    finally:
        with contextlib.suppress(OSError):
            if ours and path.read_text() == content:
                path.unlink()


def touch_gc(common_dir: Path, pid: int) -> None:
    """Renew our gc.pid, if it is ours."""
    path = common_dir / "gc.pid"
    with contextlib.suppress(OSError):
        if path.read_text().split()[:1] == [str(pid)]:
            os.utime(path)


def _claim(path: Path, content: str) -> bool:
    for _ in range(2):
        try:
            with path.open("x") as file:
                file.write(content)
        except FileExistsError:
            if _is_live(path):
                return False
            with contextlib.suppress(OSError):
                path.unlink()
        except OSError as error:
            raise RepositoryError(f"git could not hold off gc: {error}") from error
        else:
            return True
    return False


def gc_holder(path: Path) -> int:
    """The pid in a gc.pid of this machine whose process is dead; 0 for any other."""
    try:
        pid, _, host = path.read_text().strip().partition(" ")
    except OSError:
        return 0
    return int(pid) if host == socket.gethostname() and pid.isdigit() and not _is_live(path) else 0


def _is_live(path: Path) -> bool:
    try:
        pid, _, host = path.read_text().strip().partition(" ")
    except OSError:
        return False
    # Another machine's process cannot be asked; leave it alone.
    if host != socket.gethostname() or not pid.isdigit():
        return bool(pid)
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
