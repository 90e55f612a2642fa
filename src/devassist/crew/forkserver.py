"""The forkserver: one process that has imported CrewAI once and forks a worker for each crew."""

from __future__ import annotations

import gc
import os
import selectors
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection

from devassist.crew.worker_start import FORK
from devassist.messages import ForkserverReady, Goodbye, WorkerForked, WorkerGone, encode

_GOODBYE = encode(Goodbye())


def serve(control: socket.socket, work: Callable[[Connection], None]) -> bool:
    """
    Fork a worker per request until the supervisor closes `control`, then kill the workers that are left.

    Returns True if the supervisor said goodbye; False if it died, so that its sandboxed commands may still run.

    A request is the datagram FORK and the worker's end of its socket pair, from which `work` reads what it is for.
    Forked here and not in the supervisor, because importing CrewAI takes seconds and no thread runs in this process.
    """
    wake_read, wake_write = socket.socketpair()
    for end in (wake_read, wake_write):
        end.setblocking(False)  # noqa: FBT003  socket's signature
    signal.set_wakeup_fd(wake_write.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()  # keeps the collector from touching, and so copying, the pages that workers share
    selector = selectors.DefaultSelector()
    selector.register(control, selectors.EVENT_READ)
    selector.register(wake_read, selectors.EVENT_READ)
    children: set[int] = set()
    try:
        control.send(encode(ForkserverReady()))
    except OSError:  # the supervisor has not waited for it
        return True
    while True:
        for key, _ in selector.select():
            if key.fileobj is wake_read:
                wake_read.recv(4096)
                _reap(children, control)
                continue
            request, fds, _, _ = socket.recv_fds(control, 64, 1)
            if request != FORK:
                _end_all(children)
                selector.close()
                signal.set_wakeup_fd(-1)
                wake_read.close()
                wake_write.close()
                return request == _GOODBYE
            pid = _fork(fds[0], [control, wake_read, wake_write], work)
            children.add(pid)
            control.send(encode(WorkerForked(pid)))


def _fork(fd: int, close: list[socket.socket], work: Callable[[Connection], None]) -> int:
    pid = os.fork()
    if pid:
        os.close(fd)
        return pid
    status = 1
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        for end in close:
            end.close()
        work(Connection(fd))
        status = 0
    except BaseException as error:  # noqa: BLE001  the last net of a process: say it in the log and leave
        traceback.print_exception(error)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _reap(children: set[int], control: socket.socket) -> None:
    """Every child that has ended. One that was not forked here was left to this process by its parent's death."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        if pid in children:
            children.discard(pid)
            control.send(encode(WorkerGone(pid, os.waitstatus_to_exitcode(status))))


def _end_all(children: set[int]) -> None:
    for pid in children:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    for pid in children:
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)
