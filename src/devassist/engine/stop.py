"""The stop switch, which every thread reads, and the end of every process that carries the run's mark."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from devassist.domain.statuses import Outcome

MARK = "DEVASSIST_RUN"
"""Environment variable that every process of a run carries."""


@dataclass
class StopSwitch:
    """Why the run ends early. The first reason stays."""

    outcome: Outcome = Outcome.NONE
    reason: str = ""
    exit_code: int = 0
    hint: str = ""
    now: bool = False
    _event: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    on_stop: list[Callable[[], None]] = field(default_factory=list)

    def pull(
        self, outcome: Outcome, reason: str, *, exit_code: int, hint: str = "", now: bool = False
    ) -> None:
        """
        `outcome` is stopped, limited or failed. For any thread, but for no signal handler: it takes a lock.

        What it sets off (`on_stop`) happens on the thread that calls it, and must not wait for anything.
        """
        with self._lock:
            first = not self._event.is_set()
            if first:
                self.outcome, self.reason, self.exit_code, self.hint = outcome, reason, exit_code, hint
            self.now = self.now or now
            self._event.set()
        for act in self.on_stop:
            act()

    def explain(self, reason: str) -> None:
        """Say who was behind a signal, where the switch was pulled by one."""
        with self._lock:
            if self.outcome is Outcome.STOPPED:
                self.reason = reason

    @property
    def pulled(self) -> bool:
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        return self._event.wait(seconds)


def marked_processes(run: str) -> Iterator[int]:
    """Processes of this user whose environment carries the run's mark, ourselves left out."""
    wanted = f"{MARK}={run}".encode()
    for entry in Path("/proc").iterdir() if Path("/proc").is_dir() else ():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            environment = (entry / "environ").read_bytes()
        except OSError:
            continue
        if wanted in environment.split(b"\0"):
            yield int(entry.name)


def all_marked() -> dict[str, list[int]]:
    """Run -> the processes of this user that carry its mark, ourselves left out."""
    found: dict[str, list[int]] = {}
    wanted = f"{MARK}=".encode()
    for entry in Path("/proc").iterdir() if Path("/proc").is_dir() else ():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            environment = (entry / "environ").read_bytes()
        except OSError:
            continue
        for one in environment.split(b"\0"):
            if one.startswith(wanted):
                found.setdefault(one[len(wanted) :].decode("utf-8", "replace"), []).append(int(entry.name))
    return found


def sweep(run: str, *, deadline_s: float = 2.0) -> int:
    """SIGKILL to every marked process until none is left; the number that was found."""
    end = time.monotonic() + deadline_s
    killed: set[int] = set()
    while found := list(marked_processes(run)):
        for pid in found:
            killed.add(pid)
            try:
                os.kill(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
        if time.monotonic() > end:
            break
        time.sleep(0.01)
    return len(killed)
