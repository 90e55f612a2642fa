"""
Tier B: Landlock, seccomp and dropped capabilities, put on a helper thread that then starts the command.

Restrictions of a thread pass to what it starts and to nothing else, so no code runs between fork and exec
and the rest of devassist stays free. Landlock only allows: what is masked below something readable is left
out by allowing its siblings one by one.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import stat
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from devassist.domain.errors import SandboxUnavailable
from devassist.domain.statuses import SandboxTier
from devassist.ports import CommandResult, SandboxSpec
from devassist.sandbox import kernel, profile, seccomp
from devassist.sandbox.git_view import guarded_pointer
from devassist.sandbox.process import GATE, LiveCommands, Process, new_mark, run_to_end, spawn
from devassist.sandbox.profile import Prepared, environment_with_git, prepare
from devassist.sandbox.shell import shell

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = (1 << bit for bit in range(4))
MAKE_CHAR, MAKE_BLOCK, TRUNCATE, IOCTL_DEV = 1 << 6, 1 << 11, 1 << 14, 1 << 15
_READ: Final = EXECUTE | READ_FILE | READ_DIR
_ON_FILES: Final = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
_DEVICE: Final = READ_FILE | WRITE_FILE | TRUNCATE | IOCTL_DEV
OLDEST_ABI: Final = 3
"""Before 3 a file could be emptied though it could not be written."""
_ABI_NET, _ABI_IOCTL, _ABI_SCOPE = 4, 5, 6

_DEVICES: Final = tuple(f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom"))
# /proc as a whole would show every process of this user: only what tells of the machine.
_MACHINE: Final = (
    "/proc/cpuinfo", "/proc/filesystems", "/proc/loadavg", "/proc/meminfo", "/proc/stat", "/proc/uptime",
    "/proc/version",
    "/proc/sys/kernel/osrelease", "/proc/sys/kernel/ngroups_max", "/proc/sys/kernel/pid_max",
    "/proc/sys/vm/overcommit_memory", "/sys/devices/system/cpu",
)  # fmt: skip
# multiprocessing's locks live in /dev/shm and cannot be put elsewhere. The price: commands of different
# agents, and the person's own programs, share it. Without it no test that uses a process pool could run.
_SHARED_MEMORY: Final = "/dev/shm"  # noqa: S108 - see above


def abi() -> int:
    """The kernel's Landlock version, 0 without Landlock."""
    try:
        return kernel.call("landlock_create_ruleset", None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    except OSError:
        return 0


def missing_guarantees(version: int) -> tuple[str, ...]:
    """The guarantees that this tier lacks on a kernel with Landlock `version`, a sentence each."""
    always = (
        "A command can rewrite its worktree's .git pointer file (it is put back, and the command has failed)",
        "git works in the worktree by a program of that name on PATH: libraries that read .git themselves do not",
        "A command can change modes and times of this user's files outside, though not their content",
        "A command can learn whether a path outside exists, though not read it",
        "Commands share /dev/shm with each other and with this user's programs",
        "There is no private /tmp: programs that ignore TMPDIR fail",
        "A configuration file above the worktree looks forbidden rather than absent, which some tools mind",
        "Tests that start servers on localhost or open unix sockets fail; /proc/self is not readable",
        "A command that clears its environment outlives devassist if devassist is killed with SIGKILL",
    )
    signals = ("A command can send signals to this user's other processes",) if version < _ABI_SCOPE else ()
    return (*always, *signals)


@dataclass(frozen=True)
class LandlockSandbox:
    """Runs commands under Landlock and seccomp."""

    live: LiveCommands = field(default_factory=LiveCommands)

    def __post_init__(self) -> None:
        version = abi()
        if version < OLDEST_ABI:
            raise SandboxUnavailable(
                f"Landlock is version {version} here and {OLDEST_ABI} is needed",
                hint="Run 'devassist doctor'",
            )

    @property
    def tier(self) -> SandboxTier:
        return SandboxTier.LANDLOCK

    def run(self, command: str, spec: SandboxSpec, *, timeout_s: float) -> CommandResult:
        """Run `command` by a shell, with pipefail, in `spec`."""
        prepared = prepare(command, spec)
        mark = new_mark()
        argv = (*GATE, *shell(prepared.command))
        environment = environment_with_git(prepared)
        with _ruleset(prepared) as ruleset:
            sockets = seccomp.Sockets.INTERNET if prepared.network else seccomp.Sockets.NONE
            program = seccomp.filter_program(sockets)

            def restricted() -> Process:
                _restrict_this_thread(ruleset, program)
                return spawn(argv, cwd=prepared.cwd, environment=environment, mark=mark)

            starter = _Starter(restricted)
            with guarded_pointer(prepared.worktree, prepared.private) as guarded:
                try:
                    result = run_to_end(starter.start, self.live, mark, timeout_s=timeout_s, gated=True)
                finally:
                    starter.release()
            return guarded.judged(result)

    def cancel_all(self) -> None:
        """Kill every command of this object that runs now."""
        self.live.kill_all()


class _Starter:
    """
    Starts a process in a thread that lives on until it is released.

    It lives on because a program that asks to die with its parent means the thread that started it.
    """

    def __init__(self, start: Callable[[], Process]) -> None:
        self._start = start
        self._started: list[Process] = []
        self._failures: list[BaseException] = []
        self._ready = threading.Event()
        self._released = threading.Event()
        self._thread = threading.Thread(target=self._body, name="landlock", daemon=True)

    def start(self) -> Process:
        self._thread.start()
        self._ready.wait()
        if self._failures:
            raise SandboxUnavailable(
                f"Landlock could not start the command: {self._failures[0]}", hint="Run 'devassist doctor'"
            ) from self._failures[0]
        return self._started[0]

    def release(self) -> None:
        self._released.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _body(self) -> None:
        try:
            self._started.append(self._start())
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            self._failures.append(error)
        self._ready.set()
        if self._started:
            self._released.wait()


def _restrict_this_thread(ruleset: int, program: bytes) -> None:
    _drop_capabilities()
    kernel.prctl(38, 1)  # PR_SET_NO_NEW_PRIVS
    kernel.call("landlock_restrict_self", ctypes.c_int(ruleset), ctypes.c_uint32(0))
    seccomp.install(program)


def _drop_capabilities() -> None:
    # Root with capabilities reads /proc/PID/environ of others in spite of Landlock.
    for capability in range(64):
        try:
            kernel.prctl(24, capability)  # PR_CAPBSET_DROP
        except OSError:
            break  # past the last one, or not root: then there is nothing to drop
    with contextlib.suppress(OSError):
        kernel.prctl(47, 4)  # PR_CAP_AMBIENT, CLEAR_ALL; kernels before 4.3 have none
    header = ctypes.create_string_buffer(struct.pack("<Ii", 0x20080522, 0), 8)
    kernel.call("capset", header, ctypes.create_string_buffer(24))


@contextlib.contextmanager
def _ruleset(prepared: Prepared) -> Iterator[int]:
    version = abi()
    files = (1 << (16 if version >= _ABI_IOCTL else 15)) - 1
    ports = 0 if prepared.network or version < _ABI_NET else 3  # bind, connect
    scopes = 3 if version >= _ABI_SCOPE else 0  # abstract sockets, signals
    size = 24 if version >= _ABI_SCOPE else 16 if version >= _ABI_NET else 8
    attributes = ctypes.create_string_buffer(struct.pack("<QQQ", files, ports, scopes), 24)
    try:
        ruleset = kernel.call(
            "landlock_create_ruleset", attributes, ctypes.c_size_t(size), ctypes.c_uint32(0)
        )
    except OSError as error:
        raise SandboxUnavailable(
            f"Landlock refused its rules: {error}", hint="Run 'devassist doctor'"
        ) from error
    try:
        _add_rules(ruleset, prepared, files)
        yield ruleset
    finally:
        os.close(ruleset)


def _add_rules(ruleset: int, prepared: Prepared, files: int) -> None:
    writable = files & ~(MAKE_CHAR | MAKE_BLOCK | IOCTL_DEV)
    for root in (prepared.worktree, prepared.private):
        for masked in prepared.masked:
            if masked != root and masked.is_relative_to(root):
                raise SandboxUnavailable(
                    f"Landlock cannot hide {masked} inside the writable {root}",
                    hint="Use bubblewrap ('devassist doctor' says how), or move it out",
                )
        _allow(ruleset, root, writable)
    if _SHARED_MEMORY not in map(str, prepared.masked):
        _allow(ruleset, Path(_SHARED_MEMORY), writable)
    for device in _DEVICES:
        _allow(ruleset, Path(device), _DEVICE & files)
    network = profile.ETC_NETWORK if prepared.network else ()
    system = (*profile.SYSTEM, *profile.ETC, *network, *_MACHINE)
    stores = prepared.git.objects if prepared.git is not None else ()
    for path in readable((*map(Path, system), *prepared.read_only, *stores), prepared.masked):
        _allow(ruleset, path, _READ)


def readable(paths: Sequence[Path], masked: Sequence[Path]) -> Iterator[Path]:
    """The paths to allow so that `paths` are readable and `masked` are not; the deeper of two wins."""
    for path in dict.fromkeys(path.resolve() for path in paths if path.exists()):
        if path not in masked:
            yield from _around(path, masked)


def _around(path: Path, masked: Sequence[Path]) -> Iterator[Path]:
    inside = [hidden for hidden in masked if hidden.is_relative_to(path)]
    if not inside:
        yield path
        return
    # The directory itself stays unlisted: to allow listing it would allow listing all below.
    for child in sorted(path.iterdir()):
        # A link's target is allowed on its own or not at all: it may well be what is masked.
        if child not in inside and not child.is_symlink():
            yield from _around(child, inside)


def _allow(ruleset: int, path: Path, access: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # not there: nothing to allow
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            access &= _ON_FILES
        rule = ctypes.create_string_buffer(struct.pack("<Qi", access, descriptor), 12)
        kernel.call("landlock_add_rule", ctypes.c_int(ruleset), ctypes.c_int(1), rule, ctypes.c_uint32(0))
    finally:
        os.close(descriptor)
