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

from devassist.assignments import Assignment
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


def _signal_group(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return


class ForkserverExecutor:
    """An Executor over one forkserver process, whose imports run while others work."""

    def __init__(self, *, environment: Mapping[str, str], directory: Path, log: Path) -> None:
        self._environment, self._directory, self._log = environment, directory, log
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
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
        if self._process is not None:
            return
        directory, log = self._directory, self._log
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_000_000)
        directory.mkdir(parents=True, exist_ok=True)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as stream:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "devassist.app.wiring.worker", str(theirs.fileno())],
                env=dict(self._environment),
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        theirs.close()
        self._line = ours
        threading.Thread(target=self._listen, name="forkserver", daemon=True).start()

    @property
    def pid(self) -> int:
        """The forkserver's; 0 before it is launched."""
        return self._process.pid if self._process is not None else 0

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
                socket.send_fds(self._control, [encode(assignment)], [theirs.fileno()])
                pid = self._started.get(timeout=_START_TIMEOUT_S)
            except (OSError, queue.Empty) as error:
                raise DevassistError(f"no worker could be started; see {self._log}") from error
            finally:
                theirs.close()
        worker = ForkedWorker(pid=pid, connection=Connection(ours.detach()))
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
        if self._process is None:
            return
        if not self._ready.is_set():  # it only imports as yet, for crews that nobody will start
            self._process.kill()
        with contextlib.suppress(OSError):  # closed before
            self._control.send(encode(Goodbye()))
            self._control.shutdown(socket.SHUT_RDWR)
        self._control.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

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
