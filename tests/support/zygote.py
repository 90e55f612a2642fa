"""
`devassist` in a tenth of the time: one process that has imported it all, and forks a child per command.

A child is the real command line in a process of its own, killed by real signals. With `plain` its crews are those of
`plain_worker`: a run that takes eight seconds with CrewAI then takes less than one.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import json
import os
import pkgutil
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Self

from devassist.crew.worker_start import FORK
from devassist.messages import WorkerForked, WorkerGone, decode_report

_SUBREAPER = 36


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command line and where it is typed."""

    args: tuple[str, ...]
    cwd: str
    env: Mapping[str, str]
    stdin: str = ""
    plain: bool = False
    """Crews without CrewAI."""
    clock_s: float = 0
    """How far the clock on the wall is off."""
    late: str = ""
    """A file: an hour more has passed on the monotonic clock once it is there."""


@dataclass
class Child:
    """One command at work. `wait` gives the exit code, negative for a signal."""

    pid: int
    out: Path
    err: Path
    _status: queue.Queue[int] = field(default_factory=queue.Queue)

    def wait(self, timeout: float = 60) -> int:
        status = self._status.get(timeout=timeout)
        self._status.put(status)
        return status

    def poll(self) -> int | None:
        return self.wait(0.001) if not self._status.empty() else None

    def kill(self, number: int = signal.SIGKILL) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)


class Zygote:
    """Starts commands. Orphans of them become its children, so that none can hide."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1_000_000)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "support.zygote", str(theirs.fileno())],
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                "LC_ALL": "C.UTF-8",
            },
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
        )
        theirs.close()
        self._control = ours
        self._started: queue.Queue[int] = queue.Queue()
        self._children: dict[int, Child] = {}
        self._early: dict[int, int] = {}
        self._numbers = itertools.count()
        self._lock = threading.Lock()  # guards _children and _early
        self._starting = threading.Lock()  # keeps a request and its answer together
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._control.shutdown(socket.SHUT_RDWR)
        self._control.close()
        self._process.wait(timeout=10)

    def start(self, command: Command, log: Path) -> Child:
        """Start a command; its output goes to files in `log`."""
        log.mkdir(parents=True, exist_ok=True)
        number = next(self._numbers)
        out, err, stdin = (log / f"{number}.{name}" for name in ("out", "err", "in"))
        stdin.write_text(command.stdin, "utf-8")
        request = {**asdict(command), "files": [str(stdin), str(out), str(err)]}
        mine, theirs = socket.socketpair()
        with self._starting:
            for file in (out, err):
                file.touch()
            socket.send_fds(self._control, [FORK], [theirs.fileno()])
            pid = self._started.get(timeout=60)
        theirs.close()
        with Connection(mine.detach()) as line:
            line.send_bytes(json.dumps(request).encode())
        child = Child(pid, out, err)
        with self._lock:
            self._children[pid] = child
            if pid in self._early:
                child._status.put(self._early.pop(pid))
        return child

    def orphans(self, patience_s: float = 5.0) -> list[str]:
        """What is still alive of commands that have ended, once the dying had time to die."""
        end = time.monotonic() + patience_s
        while (found := self._alive()) and time.monotonic() < end:
            time.sleep(0.01)
        return found

    def _alive(self) -> list[str]:
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                state, parent = (entry / "stat").read_text("ascii", "replace").rpartition(")")[2].split()[:2]
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            except OSError:
                continue
            if int(parent) == self._process.pid and state != "Z":
                found.append(f"{entry.name} {line[:200]}")
        return found

    def _listen(self) -> None:
        while True:
            try:
                message = self._control.recv(65536)
            except OSError:
                return
            if not message:
                return
            report = decode_report(message)
            if isinstance(report, WorkerForked):
                self._started.put(report.pid)
            elif isinstance(report, WorkerGone):
                with self._lock:
                    child = self._children.pop(report.pid, None)
                    if child is None:
                        self._early[report.pid] = report.status
                    else:
                        child._status.put(report.status)


class _Forked:
    """The part of Popen that an executor uses, of a process that was forked."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._ended = False

    def wait(self, timeout: float = 5) -> int:
        end = time.monotonic() + timeout
        while not self._ended:
            self._ended = bool(os.waitpid(self.pid, os.WNOHANG)[0])
            if self._ended:
                break
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired("worker server", timeout)
            time.sleep(0.002)
        return 0

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


def _worker_server() -> tuple[socket.socket, int]:
    """Fork what a forkserver is; before this process has any thread."""
    from devassist.crew.forkserver import serve
    from devassist.faults import arm_from
    from support.plain_worker import run_assignment

    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (ours, theirs):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_000_000)
    pid = os.fork()
    if pid:
        theirs.close()
        return ours, pid
    try:
        os.setsid()
        ours.close()
        arm_from(os.environ)
        serve(theirs, run_assignment)
    finally:
        os._exit(0)


def _use_plain_workers() -> None:
    """Put into the class itself, because whoever imported it by name has the class already."""
    from devassist.crew.executor import ForkserverExecutor

    control, pid = _worker_server()

    def launch(self: ForkserverExecutor) -> None:
        if self._process is not None:
            return
        self._directory.mkdir(parents=True, exist_ok=True)
        self._process, self._line = _Forked(pid), control
        threading.Thread(target=self._listen, daemon=True).start()

    ForkserverExecutor.launch = launch


def _command(connection: Connection) -> None:
    """In the forked child: become the command."""
    request = json.loads(connection.recv_bytes())
    files = request.pop("files")
    command = Command(**request)
    connection.close()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(command.cwd)
    os.environ.clear()
    os.environ.update(command.env)
    time.tzset()
    read_configuration_of(command.env["HOME"])
    for number, name in enumerate(files):
        flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_TRUNC
        os.dup2(os.open(name, flags), number)
    if command.plain and {"run", "resume", "resolve"} & set(command.args[:2]):
        _use_plain_workers()
    if command.clock_s:
        _shift_clock(command.clock_s)
    if command.late:
        _be_late(Path(command.late))
    from devassist.cli.app import main

    sys.argv = ["devassist", *command.args]
    code = 70
    try:
        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0
    threading._shutdown()  # type: ignore[attr-defined]  # as an interpreter does that ends
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def read_configuration_of(home: str) -> None:
    """libgit2 has looked for the person's configuration when the zygote began; this is another person."""
    import pygit2
    from pygit2.enums import ConfigLevel

    for level in (ConfigLevel.GLOBAL, ConfigLevel.XDG, ConfigLevel.SYSTEM):
        pygit2.settings.search_path[level] = (
            home if level is ConfigLevel.GLOBAL else os.path.join(home, "none")
        )


def _shift_clock(seconds: float) -> None:
    """Below the one function that reads the clock, because many modules imported that function by name."""
    from datetime import datetime, timedelta, tzinfo

    from devassist.app.wiring import host

    class Shifted(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.now(tz) + timedelta(seconds=seconds)

    host.datetime = Shifted


def _be_late(file: Path) -> None:
    real = time.monotonic
    time.monotonic = lambda: real() + (3600 if file.exists() else 0)


class _NoCrews:
    """Refuses what takes seconds to import and what only a worker may import."""

    def find_spec(self, name: str, *_: object) -> None:
        if name in ("crewai", "litellm"):
            raise ImportError(f"{name} is not for the command line")


def _preload() -> None:
    """Import all modules that a command line may import."""
    import devassist

    refusal = _NoCrews()
    sys.meta_path.insert(0, refusal)
    for module in pkgutil.walk_packages(devassist.__path__, "devassist."):
        if not module.name.endswith("__main__"):
            with contextlib.suppress(ImportError):
                import_module(module.name)
    sys.meta_path.remove(refusal)
    import_module("support.plain_worker")


def main() -> None:
    from devassist.crew.forkserver import serve

    ctypes.CDLL(None, use_errno=True).prctl(_SUBREAPER, 1, 0, 0, 0)
    _preload()
    serve(socket.socket(fileno=int(sys.argv[1])), _command)
    os._exit(0)


if __name__ == "__main__":
    main()
