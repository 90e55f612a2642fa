"""Starts workers: the supervisor's side of the forkserver. Imports no CrewAI."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO

from devassist.assignments import Assignment
from devassist.crew.standby import adopt
from devassist.crew.worker_start import FORK, Adopt, WorkerStart
from devassist.domain.errors import DevassistError
from devassist.messages import (
    ForkserverReady,
    Goodbye,
    Reply,
    Request,
    WorkerForked,
    WorkerGone,
    decode_report,
    decode_request,
    encode,
)

_START_TIMEOUT_S = 120.0
_END_TIMEOUT_S = 5.0


@dataclass
class ForkedWorker:
    """One worker process, in its own session and process group."""

    pid: int
    connection: Connection
    _status: queue.Queue[int] = field(default_factory=queue.Queue)

    def receive(self) -> Request | None:
        try:
            return decode_request(self.connection.recv_bytes())
        except (EOFError, OSError):
            return None

    def send(self, reply: Reply) -> None:
        try:
            self.connection.send_bytes(encode(reply))
        except OSError:
            return  # the worker is gone; `receive` says so next

    def wait(self) -> int:
        self.connection.close()
        try:
            status = self._status.get(timeout=5)
        except queue.Empty:
            self.kill()
            try:
                status = self._status.get(timeout=5)
            except queue.Empty:
                status = -signal.SIGKILL
        self.kill()  # what it left behind in its group
        return status

    def kill(self) -> None:
        _signal_group(self.pid, signal.SIGKILL)

    def terminate(self) -> None:
        _signal_group(self.pid, signal.SIGTERM)


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def _signal_group(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return


@dataclass(frozen=True, slots=True, kw_only=True)
class Standby:
    """Where a forkserver of an earlier run may wait, and this one will wait for the next run."""

    directory: Path
    key: str
    """What such a forkserver must be made of; see `app.wiring.standby`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerWorld:
    """What the workers of a run find around them."""

    run: str
    environment: Mapping[str, str]
    """The workers' own; it may hold keys."""
    import_environment: Mapping[str, str]
    """The forkserver's; it holds none."""
    directory: Path
    log: Path


class ForkserverExecutor:
    """An Executor over one forkserver process, whose imports run while others work."""

    def __init__(self, world: WorkerWorld, *, standby: Standby | None = None) -> None:
        self._world, self._standby = world, standby
        self._directory, self._log = world.directory, world.log
        self._process: subprocess.Popen[bytes] | None = None
        self._adopted_pid = 0
        self._line: socket.socket | None = None
        self._closed = False
        self._ready = threading.Event()
        self._gone = threading.Event()
        self._started: queue.Queue[int] = queue.Queue()
        self._workers: dict[int, ForkedWorker] = {}
        self._early: dict[int, int] = {}
        # guards _workers and _early, and keeps a request and its answer together
        self._lock = threading.Lock()
        self._start_lock = threading.Lock()

    def launch(self) -> None:
        """Start the forkserver, if it is not started yet."""
        if self._process is not None or self._adopted_pid:
            return
        self._directory.mkdir(parents=True, exist_ok=True)
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as stream:
            self._line = self._adopted(stream) or self._started_anew(stream)
        threading.Thread(target=self._listen, name="forkserver", daemon=True).start()

    def _adopted(self, log: IO[bytes]) -> socket.socket | None:
        if self._standby is None:
            return None
        key, run, directory = self._standby.key, self._world.run, str(self._directory)
        taken = adopt(
            self._standby.directory,
            lambda token: Adopt(token=token, key=key, run=run, directory=directory),
            log.fileno(),
        )
        if taken is None:
            return None
        line, self._adopted_pid = taken
        return line

    def _started_anew(self, log: IO[bytes]) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        waits = (
            [] if self._standby is None else ["--standby", str(self._standby.directory), self._standby.key]
        )
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "devassist.app.wiring.worker", *waits, str(theirs.fileno())],
            env=dict(self._world.import_environment),
            cwd=self._directory,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        theirs.close()
        return ours

    @property
    def pid(self) -> int:
        """The forkserver's; 0 before it is launched."""
        return self._process.pid if self._process is not None else self._adopted_pid

    @property
    def _control(self) -> socket.socket:
        assert self._line is not None  # noqa: S101  launch opens it, and everything else comes after
        return self._line

    def start(self, assignment: Assignment) -> ForkedWorker:
        """Raises DevassistError when the forkserver does not come up."""
        self.launch()
        self._wait_ready()
        ours, theirs = socket.socketpair()
        with self._start_lock:
            try:
                socket.send_fds(self._control, [FORK], [theirs.fileno()])
                pid = self._started.get(timeout=_START_TIMEOUT_S)
            except (OSError, queue.Empty) as error:
                raise DevassistError(f"no worker could be started; see {self._log}") from error
            finally:
                theirs.close()
        worker = ForkedWorker(pid=pid, connection=Connection(ours.detach()))
        with contextlib.suppress(OSError):  # it is gone already; `receive` says so next
            worker.connection.send_bytes(encode(WorkerStart(self._world.environment, assignment)))
        with self._lock:
            self._workers[pid] = worker
            if pid in self._early:
                worker._status.put(self._early.pop(pid))  # noqa: SLF001  it ended before it was known here
        return worker

    def kill_all(self, *, spare: Collection[int] = ()) -> None:
        with self._lock:
            workers = [worker for pid, worker in self._workers.items() if pid not in spare]
        for worker in workers:
            worker.kill()

    def close(self) -> None:
        """End the workers and the forkserver, unless it waits for another run. Closed twice is closed once."""
        if self._line is None or self._closed:
            return
        self._closed = True
        if self._process is not None and not self._ready.is_set():
            self._process.kill()  # it only imports as yet, for crews that nobody will start
        with contextlib.suppress(OSError):  # it is gone
            self._control.send(encode(Goodbye()))
            self._control.shutdown(socket.SHUT_WR)
        left = self._gone.wait(timeout=_END_TIMEOUT_S)  # it closes its end when nothing of the run is left
        self._control.close()
        if self._process is None:
            if not left:
                _kill(self._adopted_pid)
        elif left and self._standby is not None and self._process.poll() is None:
            self._process.returncode = 0  # it goes on by itself, and nobody waits for it
        else:
            self._ended(self._process)

    @staticmethod
    def _ended(process: subprocess.Popen[bytes]) -> None:
        try:
            process.wait(timeout=_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _wait_ready(self) -> None:
        if not self._ready.wait(timeout=_START_TIMEOUT_S) or self._gone.is_set():
            raise DevassistError(
                f"the forkserver did not come up; its output is in {self._log}", hint="devassist doctor"
            )

    def _listen(self) -> None:
        """Handle the forkserver's reports until it is gone. However this thread ends, it releases those who wait."""
        try:
            while message := self._receive():
                match decode_report(message):
                    case ForkserverReady():
                        self._ready.set()
                    case WorkerForked(pid=pid):
                        self._started.put(pid)
                    case WorkerGone(pid=pid, status=status):
                        self._exited(pid, status)
        finally:
            self._gone.set()
            self._ready.set()

    def _receive(self) -> bytes:
        try:
            return self._control.recv(65536)
        except OSError:
            return b""

    def _exited(self, pid: int, status: int) -> None:
        with self._lock:
            worker = self._workers.pop(pid, None)
            if worker is None:
                self._early[pid] = status
            else:
                worker._status.put(status)  # noqa: SLF001  the executor is what fills it
