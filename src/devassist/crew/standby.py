"""
A forkserver whose run has ended, waiting for the next one: it spares that run the import of CrewAI.

One per user waits, on a socket in a directory that only this user may enter. It holds no key: its own environment has
none, and a run's goes to each worker over the worker's own pipe. Whoever connects must be of this user, and must
show the token from a file beside the socket. A sandboxed command sees neither.
"""

from __future__ import annotations

import fcntl
import hmac
import os
import secrets
import select
import signal
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devassist.crew.worker_start import Adopt, decode_adopt
from devassist.domain.errors import DevassistError
from devassist.messages import encode

IDLE_S: Final = 900.0
ANSWER_S: Final = 0.2
"""How long either side waits for the other."""
_POLL_S: Final = 2.0
_TRIES: Final = 4
SEAT = f"\0devassist-standby-{os.getuid()}"
"""The name of an abstract socket: who holds it is the one that waits for this user."""
_MOST_KIB: Final = 700_000
_SOCKET, _TOKEN, _LOCK = "standby.sock", "standby.token", "standby.lock"


@dataclass(frozen=True, slots=True)
class Adopted:
    """The next run of a forkserver: its control socket, its name, its directory, and its log."""

    control: socket.socket
    run: str
    directory: str
    log: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A forkserver that waits."""

    pid: int
    idle_s: float
    rss_kib: int


def wait_for_run(
    directory: Path, key: str, *, goes_on: Callable[[], bool], idle_s: float = IDLE_S
) -> Adopted | None:
    """
    Wait for the next run, for `idle_s` seconds at most. None is for leaving.

    Leaves, too, if another forkserver waits there, if the socket's file is gone, when a run comes whose `key` differs,
    and once `goes_on`, asked every other second, says no.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    directory.chmod(0o700)
    with _only_one(directory) as first:
        if not first or rss_kib(os.getpid()) > _MOST_KIB:
            return None
        token = secrets.token_hex(32)
        seat = _seat()
        listening = _listen(directory, token)
        inode = (directory / _SOCKET).lstat().st_ino
        end = time.monotonic() + idle_s
        try:
            while time.monotonic() < end and goes_on() and _inode(directory) == inode:
                left = min(_POLL_S, max(0.0, end - time.monotonic()))
                if not select.select([listening], [], [], left)[0]:
                    continue
                caller, _ = listening.accept()
                message = _accepted(caller, token)
                if message is None:
                    caller.close()
                elif message[0].key != key:  # made of what is no longer there, or for other circumstances
                    caller.close()
                    os.close(message[1])
                    return None
                else:
                    return Adopted(caller, message[0].run, message[0].directory, message[1])
            return None
        finally:
            seat.close()
            listening.close()
            if _inode(directory) == inode:
                (directory / _SOCKET).unlink(missing_ok=True)
                (directory / _TOKEN).unlink(missing_ok=True)


def _accepted(caller: socket.socket, token: str) -> tuple[Adopt, int] | None:
    """The message of a caller that may adopt, and the descriptor of its log; None for any other caller."""
    caller.settimeout(ANSWER_S)
    try:
        _, uid = _peer(caller)
        body, descriptors, _, _ = socket.recv_fds(caller, 65536, 1)
    except OSError:
        return None
    with suppress(DevassistError):
        message = decode_adopt(body)
        ours = uid == os.getuid() and hmac.compare_digest(message.token.encode(), token.encode())
        if ours and descriptors:
            caller.settimeout(None)
            return message, descriptors[0]
    for descriptor in descriptors:
        os.close(descriptor)
    return None


def adopt(directory: Path, message: Callable[[str], Adopt], log: int) -> tuple[socket.socket, int] | None:
    """
    Take the forkserver that waits in `directory`: its control socket and its pid. None if there is none that answers.

    `message` gets the token.
    """
    line = _connected(directory)
    if line is None:
        return None
    try:
        pid, uid = _peer(line)
        if uid == os.getuid():
            token = (directory / _TOKEN).read_text("ascii")
            socket.send_fds(line, [encode(message(token))], [log])
            if select.select([line], [], [], ANSWER_S)[0] and line.recv(1, socket.MSG_PEEK):
                line.settimeout(None)
                return line, pid
    except OSError:
        pass  # it left, or hangs
    line.close()
    return None


def find_waiting(directory: Path) -> Waiting | None:
    """The forkserver that waits in `directory`."""
    line = _connected(directory)
    if line is None:
        return None
    with line, suppress(OSError):
        pid, uid = _peer(line)
        since, used = (directory / _SOCKET).lstat().st_mtime, rss_kib(pid)
        if uid == os.getuid() and used:
            return Waiting(pid, max(0.0, time.time() - since), used)
    return None


def rss_kib(pid: int) -> int:
    """Memory that a process has in use; 0 if it is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


def _seat() -> socket.socket:
    """
    Take the seat of the one that waits for this user, whatever state directory it is for, and send away who has it.

    The seat is a name that nobody talks to: it goes with the process that holds it.
    """
    seat = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for _ in range(_TRIES):
        try:
            seat.bind(SEAT)
            seat.listen(1)
        except OSError:
            _send_away()
        else:
            break
    return seat


def _send_away() -> None:
    """End the forkserver of this user that waits already, be it for another state directory."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line, suppress(OSError):
        line.settimeout(ANSWER_S)
        line.connect(SEAT)
        pid, uid = _peer(line)
        if uid == os.getuid() and pid != os.getpid():
            os.kill(pid, signal.SIGTERM)
    time.sleep(ANSWER_S / 4)


@contextmanager
def _only_one(directory: Path) -> Iterator[bool]:
    """Hold the lock of those that wait. False if another process holds it."""
    descriptor = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(descriptor)


def _listen(directory: Path, token: str) -> socket.socket:
    (directory / _SOCKET).unlink(missing_ok=True)
    (directory / _TOKEN).unlink(missing_ok=True)
    descriptor = os.open(directory / _TOKEN, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.write(descriptor, token.encode())
    os.close(descriptor)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with _short(directory) as path:
        listening.bind(f"{path}/{_SOCKET}")
    (directory / _SOCKET).chmod(0o600)
    listening.listen(4)
    return listening


def _connected(directory: Path) -> socket.socket | None:
    line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    line.settimeout(ANSWER_S)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 200_000)
    try:
        if directory.stat().st_uid != os.getuid():
            raise PermissionError(directory)
        with _short(directory) as path:
            line.connect(f"{path}/{_SOCKET}")
    except OSError:
        line.close()
        return None
    return line


@contextmanager
def _short(directory: Path) -> Iterator[str]:
    """A path of the directory that fits into the 107 bytes of a socket's address."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _peer(line: socket.socket) -> tuple[int, int]:
    """Process and user at the other end."""
    pid, uid, _ = struct.unpack("3i", line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return pid, uid


def _inode(directory: Path) -> int:
    try:
        return (directory / _SOCKET).lstat().st_ino
    except OSError:
        return 0
