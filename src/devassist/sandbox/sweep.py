"""
Finds and kills what a command left behind, however far it ran.

A process can leave its group and session and clear its environment, so each command's processes carry two
marks: the variable DEVASSIST_COMMAND, and a value of RLIMIT_RTTIME that no other process has. Limits pass
to every descendant, the limit means nothing to ordinary programs, and the seccomp filter refuses to change
it: that mark cannot be shaken off.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from devassist.sandbox.seccomp import RLIMIT_RTTIME

if sys.platform.startswith("linux"):
    import resource

VARIABLE: Final = "DEVASSIST_COMMAND"
_TAG_BASE: Final = 10**15
"""Microseconds; some 31 years, so that the limit itself never acts."""
_QUICK_S: Final = 1.0
_DEADLINE_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Mark:
    """What distinguishes the processes of one command from all others."""

    token: str

    @property
    def variable(self) -> bytes:
        return f"{VARIABLE}={self.token}".encode()

    @property
    def tag(self) -> int:
        return _TAG_BASE + int(self.token[:12], 16)

    def put_on(self, pid: int) -> None:
        """Give process `pid` the limit; does nothing on a system that cannot."""
        if sys.platform.startswith("linux"):
            with contextlib.suppress(OSError, ValueError):
                resource.prlimit(pid, RLIMIT_RTTIME, (self.tag, self.tag))

    def is_on(self, pid: int) -> bool:
        """Whether process `pid` carries the limit or the variable."""
        return str(self.tag).encode() in _content(f"/proc/{pid}/limits") or carries(pid, self.variable)


def carries(pid: int, entry: bytes) -> bool:
    """Whether process `pid` was started with `NAME=value` `entry` in its environment."""
    return entry in _content(f"/proc/{pid}/environ").split(b"\0")


def sweep(mark: Mark, *, first: int, seconds: float) -> int:
    """
    Kill all processes that carry `mark`; returns their number.

    `first` is the command's own process id and `seconds` how long it ran: process ids are given out in
    order, so after a short command only younger ones need a look.
    """
    killed: set[int] = set()
    deadline = time.monotonic() + _DEADLINE_S
    while time.monotonic() < deadline:
        just_killed = {
            pid
            for pid in _candidates(first if seconds < _QUICK_S else None)
            if pid not in killed and _kill_if_marked(pid, mark)
        }
        # Repeated until nothing is left: the last process may have forked while we looked.
        if not just_killed:
            break
        killed |= just_killed
    return len(killed)


def kill_marked(entry: str) -> int:
    """
    Kill every process of this user whose environment holds the `NAME=value` `entry`; returns their number.

    For the kill switch and for what a killed devassist left: its `Mark` is lost.
    """
    killed = 0
    for pid in _candidates(None):
        if pid != os.getpid() and carries(pid, entry.encode()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
                killed += 1
    return killed


def wait_until_gone(pid: int) -> None:
    """Wait, two seconds at most, for `pid`, which is not our child, to end."""
    try:
        handle = os.pidfd_open(pid)
    except (OSError, AttributeError):
        return
    try:
        _wait_on(handle, seconds=_DEADLINE_S)
    finally:
        os.close(handle)


def _wait_on(handle: int, *, seconds: float) -> None:
    poller = select.poll()
    poller.register(handle, select.POLLIN)
    poller.poll(seconds * 1000)


def _kill_if_marked(pid: int, mark: Mark) -> bool:
    try:
        # Opened before the look, so that a recycled number is never killed.
        handle = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else -1
    except OSError:
        return False
    try:
        if not mark.is_on(pid):
            return False
        if handle >= 0:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            _wait_on(handle, seconds=_DEADLINE_S)
        else:
            os.kill(pid, signal.SIGKILL)
    except OSError:
        return False
    finally:
        if handle >= 0:
            os.close(handle)
    return True


def _candidates(first: int | None) -> Iterator[int]:
    newest = _newest_pid()
    numbers: Iterable[int]
    if first is not None and newest is not None and first <= newest < first + 4096:
        numbers = range(first + 1, newest + 1)
    else:
        numbers = _all_pids()
    mine, uid = os.getpid(), os.getuid()
    for pid in numbers:
        with contextlib.suppress(OSError):
            if pid != mine and os.stat(f"/proc/{pid}").st_uid in (uid, 0):  # noqa: PTH116 - hot loop
                yield pid


def _all_pids() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdecimal()]  # noqa: PTH208 - hot loop
    except OSError:
        return []


def _newest_pid() -> int | None:
    fields = _content("/proc/loadavg").split()
    return int(fields[-1]) if fields else None


def _content(path: str) -> bytes:
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - hot loop
            return file.read()
    except OSError:
        return b""
