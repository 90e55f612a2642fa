"""What the failpoints of a test do: die, fail as a disk does, or let somebody else act meanwhile. Inert otherwise."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from devassist.domain.errors import UsageError
from devassist.domain.failpoints import POINTS, arm

ENABLED = "DEVASSIST_TEST_FAILPOINTS_ENABLED"
SPEC = "DEVASSIST_FAILPOINTS"
FIRED = "DEVASSIST_FAILPOINTS_FIRED"
"""A directory: every fault that happened leaves a file there, named after its point."""

_ERRNOS = {"enospc": errno.ENOSPC, "eio": errno.EIO, "emfile": errno.EMFILE}
_SIGNALS = {"kill": signal.SIGKILL, "term": signal.SIGTERM, "int": signal.SIGINT}


@dataclass
class Fault:
    """One fault: at the `nth` time that `point` is reached in this process, do `action`, once in all processes."""

    point: str
    nth: int
    action: str
    fired: Path
    seen: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def reached(self) -> None:
        with self.lock:
            self.seen += 1
            if self.seen != self.nth or not self._first():
                return
        if self.action in _SIGNALS:
            os.kill(os.getpid(), _SIGNALS[self.action])
        elif self.action in _ERRNOS:
            number = _ERRNOS[self.action]
            raise OSError(number, os.strerror(number), f"failpoint {self.point}")
        else:
            subprocess.run([self.action, self.point, str(os.getpid())], check=False)

    def _first(self) -> bool:
        """Whether no other process has had this fault; the mark of it is on the disk before it happens."""
        try:
            os.close(os.open(self.fired / self.point, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC))
        except FileExistsError:
            return False
        return True


def arm_from(environment: Mapping[str, str]) -> None:
    """
    Arm what a test asks for: `DEVASSIST_FAILPOINTS=point:n:action[,...]`.

    `action` is a signal (kill, term, int), an error (enospc, eio, emfile) or a program, which is told the point
    and the process. Nothing happens unless a second variable says that this is a test.
    """
    if environment.get(ENABLED) != "1" or not (spec := environment.get(SPEC)):
        return
    fired = Path(environment[FIRED])
    faults: dict[str, Fault] = {}
    for one in spec.split(","):
        point, nth, action = one.split(":", 2)
        if point not in POINTS:
            raise UsageError(f"there is no failpoint {point!r}", hint=f"known: {', '.join(POINTS)}")
        faults[point] = Fault(point, int(nth), action, fired)

    def act(point: str) -> None:
        if fault := faults.get(point):
            fault.reached()

    arm(act)
