"""
Runs a started process to its end: output, time limit, kill switch, leftovers.

Each command leads a session of its own. Whoever ends it, the whole group is killed before its leader is
reaped, so that no other group can have its number by then.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from devassist.ports import CommandResult
from devassist.sandbox.output import BoundedOutput
from devassist.sandbox.sweep import VARIABLE, Mark, sweep

if sys.platform.startswith("linux"):
    import resource

LARGEST_FILE: Final = 2 * 1024**3
"""The most bytes that a file may have."""

_GRACE_S: Final = 1.0
_DRAIN_S: Final = 0.5
_CHUNK: Final = 1 << 16
_WAIT_WITHOUT_PIDFD_S: Final = 0.01

# The shell waits for one line before it becomes the command: until then its limits and its mark are put
# on. Cheaper than the prlimit program, and the mark could not be set from inside the seccomp filter.
GATE: Final = ("/bin/sh", "-c", 'read -r go && exec "$@" </dev/null', "sh")

Process = subprocess.Popen[bytes]
"""A process as every tier starts it."""


@dataclass(eq=False)
class LiveCommands:
    """The commands of one sandbox that are running; its kill switch kills them."""

    _lock: threading.Lock = field(default_factory=threading.Lock)  # guards the two below together
    _running: set[Process] = field(default_factory=set[Process])
    _cancelled: int = 0

    def ticket(self) -> int:
        """Taken before a command is started, so that a kill in between is not missed."""
        with self._lock:
            return self._cancelled

    def enter(self, process: Process, ticket: int) -> None:
        with self._lock:
            self._running.add(process)
            if ticket != self._cancelled:
                signal_group(process, signal.SIGKILL)

    def leave(self, process: Process) -> None:
        """Called before `process` is reaped: afterwards its number may be another's."""
        with self._lock:
            self._running.discard(process)

    def kill_all(self) -> None:
        with self._lock:
            self._cancelled += 1
            for process in self._running:
                signal_group(process, signal.SIGKILL)


def new_mark() -> Mark:
    return Mark(secrets.token_hex(16))


def spawn(
    argv: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    mark: Mark,
    pass_fds: Sequence[int] = (),
) -> Process:
    """Start `argv` leading a session of its own, stdout and stderr as one pipe, stdin a pipe."""
    return subprocess.Popen(
        list(argv),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=cwd,
        env={**environment, VARIABLE: mark.token},
        start_new_session=True,
        pass_fds=tuple(pass_fds),
        bufsize=0,
    )


def open_gate(process: Process, mark: Mark) -> None:
    """Put limits and mark on the waiting `process`, then let it become the command."""
    if sys.platform.startswith("linux"):
        for limit, value in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, LARGEST_FILE)):
            with contextlib.suppress(OSError, ValueError):
                resource.prlimit(process.pid, limit, (value, value))
    mark.put_on(process.pid)
    stdin = process.stdin
    assert stdin is not None  # noqa: S101 - spawn asked for the pipe
    with contextlib.suppress(BrokenPipeError):
        stdin.write(b"\n")


def run_to_end(
    start: Callable[[], Process], live: LiveCommands, mark: Mark, *, timeout_s: float, gated: bool
) -> CommandResult:
    """Run a command to its end; afterwards none of its processes is left."""
    began = time.monotonic()
    ticket = live.ticket()
    process = start()
    output = BoundedOutput()
    try:
        live.enter(process, ticket)
        if gated:
            open_gate(process, mark)
        _close(process.stdin)
        timed_out = _follow(process, output, deadline=began + timeout_s)
    finally:
        # Also when we are interrupted: a command must not outlive the call.
        live.leave(process)
        signal_group(process, signal.SIGKILL)
        process.kill()
        code = process.wait()
        sweep(mark, first=process.pid, seconds=time.monotonic() - began)
        _drain(process, output)
        _close(process.stdout)
    if timed_out and code >= 0:
        code = -signal.SIGTERM
    return CommandResult(
        exit_code=code,
        output=output.text(),
        seconds=time.monotonic() - began,
        timed_out=timed_out,
        truncated=output.truncated,
    )


def signal_group(process: Process, number: signal.Signals) -> None:
    """Signal the group that the not yet reaped `process` leads."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)


def _follow(process: Process, output: BoundedOutput, *, deadline: float) -> bool:
    """Read output until the process has exited (not reaped); whether it had to be stopped."""
    pipe = _readable(process)
    kill_at: float | None = None
    with _exit_watch(process) as watch:
        poller = select.poll()
        poller.register(pipe, select.POLLIN)
        if watch is not None:
            poller.register(watch, select.POLLIN)
        while not _has_exited(process):
            now = time.monotonic()
            if kill_at is None and deadline <= now:
                signal_group(process, signal.SIGTERM)
                kill_at = now + _GRACE_S
            elif kill_at is not None and kill_at <= now:
                signal_group(process, signal.SIGKILL)
                kill_at = now + _GRACE_S
            left = (deadline if kill_at is None else kill_at) - now
            wait_s = left if watch is not None else min(left, _WAIT_WITHOUT_PIDFD_S)
            ready = [descriptor for descriptor, _ in poller.poll(max(0.0, wait_s) * 1000 + 1)]
            if pipe in ready and not _read_some(pipe, output):
                poller.unregister(pipe)
    return kill_at is not None


def _drain(process: Process, output: BoundedOutput) -> None:
    """Take what is still in the pipe; its end also says that every writer is gone."""
    pipe = _readable(process)
    deadline = time.monotonic() + _DRAIN_S
    while (left := deadline - time.monotonic()) > 0:
        ready, _, _ = select.select([pipe], [], [], left)
        if not ready or not _read_some(pipe, output):
            return


def _read_some(pipe: int, output: BoundedOutput) -> bool:
    chunk = os.read(pipe, _CHUNK)
    output.add(chunk)
    return bool(chunk)


@contextlib.contextmanager
def _exit_watch(process: Process) -> Generator[int | None]:
    descriptor: int | None = None
    if hasattr(os, "pidfd_open"):
        with contextlib.suppress(OSError):
            descriptor = os.pidfd_open(process.pid)
    try:
        yield descriptor
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _has_exited(process: Process) -> bool:
    # Looked at, not reaped: see the module's first lines.
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _readable(process: Process) -> int:
    assert process.stdout is not None  # noqa: S101 - spawn asked for the pipe
    return process.stdout.fileno()


def _close(stream: object) -> None:
    if stream is not None:
        with contextlib.suppress(OSError):
            stream.close()  # type: ignore[attr-defined]
