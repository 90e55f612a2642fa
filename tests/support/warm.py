"""
CrewAI imported once for all end-to-end runs of a test process, instead of once in each: six CPU seconds a run.

A run starts its forkserver as ever. A `sitecustomize` in front of it hands its sockets, files and environment to a
process that has the imports already, and stays as a stand-in that ends when the fork ends, and takes it along when
it is killed. `/proc` shows the run's environment, but another parent and command line: a test that looks at those, or
at how the forkserver itself ends, is marked `cold`.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

_STAND_IN = """
import sys

if sys.orig_argv[-3:-1] == ["-m", "devassist.app.wiring.worker"]:
    import json, os, socket

    line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    line.connect({address!r})
    request = json.dumps({{"environment": dict(os.environ), "directory": os.getcwd()}}).encode()
    socket.send_fds(line, [request], [int(sys.orig_argv[-1]), 0, 1, 2])
    os.close(int(sys.orig_argv[-1]))
    os._exit(int(line.recv(16) or b"1"))
"""


_ROOM = "x" * 64_000
"""Makes the block of the environment large enough for that of any run."""


class Warm:
    """The process with the imports. A context manager; `path` goes in front of PYTHONPATH."""

    def __init__(self, directory: Path) -> None:
        self.path = directory
        address = directory / "line"
        (directory / "sitecustomize.py").write_text(_STAND_IN.format(address=str(address)), "utf-8")
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listening.bind(str(address))
        listening.listen(64)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "support.warm", str(listening.fileno())],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                "LC_ALL": "C.UTF-8",
                "HOME": str(directory),
                "CREWAI_STORAGE_DIR": str(directory / "storage"),
                "LITELLM_LOCAL_MODEL_COST_MAP": "True",
                "ROOM": _ROOM,
            },
            cwd=directory,
            pass_fds=[listening.fileno()],
            stdin=subprocess.DEVNULL,
        )
        listening.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


def _show_in_proc(environment: Mapping[str, str]) -> None:
    """
    Write the environment over the block that this process was started with, which is what `/proc` shows.

    Whoever looks for processes with a run's mark then finds the fork, and its workers, as they find a real one.
    """
    fields = Path("/proc/self/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    start, end = int(fields[47]), int(fields[48])
    block = b"".join(os.fsencode(f"{name}={value}") + b"\0" for name, value in environment.items())
    if len(block) > end - start:
        raise ValueError(f"{len(block)} bytes of environment and room for {end - start}")
    ctypes.memmove(start, block.ljust(end - start, b"\0"), end - start)


def _become(request: Mapping[str, Any], descriptors: list[int]) -> None:
    """In the fork: what `bootstrap_worker.main` is once its imports are done."""
    from devassist.app.wiring import worker as bootstrap_worker
    from devassist.crew.forkserver import serve
    from devassist.faults import arm_from
    from devassist.llm.silence import environment
    from support.zygote import read_configuration_of

    os.setsid()
    control, *files = descriptors
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(request["directory"])
    os.environ.clear()
    os.environ.update(request["environment"])
    _show_in_proc(request["environment"])
    os.environ.update(environment())
    arm_from(os.environ)
    read_configuration_of(os.environ["HOME"])
    if not serve(socket.socket(fileno=control), bootstrap_worker.run_assignment):
        bootstrap_worker.end_commands(os.environ.get("DEVASSIST_RUN", ""))


def _fork(request: bytes, descriptors: list[int], inherited: list[Any]) -> int:
    pid = os.fork()
    if pid:
        for one in descriptors:
            os.close(one)
        return pid
    try:
        for one in inherited:
            one.close()
        _become(json.loads(request), descriptors)
    finally:
        os._exit(0)


def main() -> None:
    """Answer stand-ins: fork, tell how the fork ended, and end it where the stand-in is gone."""
    from devassist.app.wiring import worker as bootstrap_worker
    from devassist.llm.silence import environment

    listening = socket.socket(fileno=int(sys.argv[1]))
    os.environ.update(environment())
    bootstrap_worker.preload()
    selector = selectors.DefaultSelector()
    selector.register(listening, selectors.EVENT_READ, ("call", 0, None))
    lines: dict[int, socket.socket] = {}
    while True:
        for key, _ in selector.select():
            what, pid, other = key.data
            if what == "call":
                line, _ = listening.accept()
                request, descriptors, _, _ = socket.recv_fds(line, 1_000_000, 4)
                pid = _fork(request, descriptors, [selector, listening, line, *lines.values()])
                ended = os.pidfd_open(pid)
                lines[pid] = line
                selector.register(line, selectors.EVENT_READ, ("gone", pid, ended))
                selector.register(ended, selectors.EVENT_READ, ("ended", pid, line))
            elif pid not in lines:
                continue  # both of them ended at once, and the fork's end came first
            elif what == "gone":
                selector.unregister(key.fileobj)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            else:
                selector.unregister(key.fileobj)
                os.close(key.fd)
                code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                with contextlib.suppress(KeyError):
                    selector.unregister(other)
                with contextlib.suppress(OSError):
                    other.send(str(max(code, 0)).encode())
                lines.pop(pid).close()


if __name__ == "__main__":
    main()
