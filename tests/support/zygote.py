"""
`devassist` in a tenth of the time: one process that has imported it all, and forks a child per command.

A child is the real command line in a process of its own, killed by real signals; only its crews are those of
`plain_worker`. A run that takes eight seconds with CrewAI takes less than one.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Self

from devassist.messages import WorkerForked, WorkerGone, decode_report

_SUBREAPER = 36


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
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
        )
        theirs.close()
        self._control = ours
        self._started: queue.Queue[int] = queue.Queue()
        self._children: dict[int, Child] = {}
        self._early: dict[int, int] = {}
        self._lock = threading.Lock()  # guards _children and _early
        self._starting = threading.Lock()  # keeps a request and its answer together
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._control.shutdown(socket.SHUT_RDWR)
        self._control.close()
        self._process.wait(timeout=10)

    def start(self, *args: str, cwd: Path, env: Mapping[str, str], log: Path, clock_s: float = 0) -> Child:
        """Start a command. `clock_s` is how far its clock is off."""
        log.mkdir(parents=True, exist_ok=True)
        number = len(list(log.glob("*.out")))
        out, err = log / f"{number}.out", log / f"{number}.err"
        request = {
            "args": args,
            "cwd": str(cwd),
            "env": dict(env),
            "out": str(out),
            "err": str(err),
            "clock_s": clock_s,
        }
        mine, theirs = socket.socketpair()
        with self._starting:
            out.touch()
            socket.send_fds(self._control, [json.dumps(request).encode()], [theirs.fileno()])
            pid = self._started.get(timeout=60)
        theirs.close()
        mine.close()
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
    from devassist.crew import executor

    control, pid = _worker_server()

    class PlainExecutor(executor.ForkserverExecutor):
        def launch(self) -> None:
            if self._process is not None:
                return
            self._directory.mkdir(parents=True, exist_ok=True)
            self._process, self._line = _Forked(pid), control
            threading.Thread(target=self._listen, daemon=True).start()

    executor.ForkserverExecutor = PlainExecutor


def _command(body: bytes, connection: Connection) -> None:
    """In the forked child: become the command."""
    request = json.loads(body)
    connection.close()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    read_configuration_of(request["env"]["HOME"])
    for number, name in ((1, "out"), (2, "err")):
        descriptor = os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(descriptor, number)
    if {"run", "resume", "resolve"} & set(request["args"][:2]):
        _use_plain_workers()
    if request["clock_s"]:
        _shift_clock(request["clock_s"])
    from devassist.cli.app import main

    sys.argv = ["devassist", *request["args"]]
    code = 70
    try:
        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0
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
    from datetime import timedelta

    from devassist.app.wiring import host, project

    real = host.utc_now
    host.utc_now = project.utc_now = lambda: real() + timedelta(seconds=seconds)


_PRELOADED = (
    "devassist.cli.app",
    "devassist.crew.executor",
    "devassist.crew.forkserver",
    "devassist.engine.run.supervisor",
    "devassist.engine.takeover.merge",
    "devassist.git.worktree.listing",
    "devassist.llm.cassette",
    "devassist.llm.routing",
    "devassist.sandbox.editable",
    "devassist.sandbox.probe",
    "devassist.sandbox.tiers",
    "devassist.sandbox.toolchain",
    "devassist.store.audit_log",
    "devassist.store.queries",
    "devassist.store.verify",
    "support.plain_worker",
)


def main() -> None:
    from importlib import import_module

    from devassist.crew.forkserver import serve

    ctypes.CDLL(None, use_errno=True).prctl(_SUBREAPER, 1, 0, 0, 0)
    for name in _PRELOADED:
        import_module(name)
    serve(socket.socket(fileno=int(sys.argv[1])), _command)
    os._exit(0)


if __name__ == "__main__":
    main()
