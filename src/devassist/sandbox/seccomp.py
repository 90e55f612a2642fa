"""
Which system calls a sandboxed command may not make, as a BPF program.

Decision: a deny list over a sandbox that already confines files, not an allow list: test suites make
every system call there is. What is denied is what reaches other processes, the kernel's own surfaces, or
a way out of the layer above. A denied call answers EPERM, so programs fall back rather than die.
"""

from __future__ import annotations

import ctypes
import enum
import struct
from dataclasses import dataclass, field
from typing import Final

from devassist.sandbox import kernel

DENIED: Final = (
    # other processes' memory and descriptors
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd", "kcmp",
    "migrate_pages", "move_pages",
    # kernel surfaces with a history of escapes
    "io_uring_setup", "io_uring_enter", "io_uring_register", "bpf", "userfaultfd", "perf_event_open",
    "add_key", "request_key", "keyctl", "fanotify_init", "lookup_dcookie", "syslog", "modify_ldt",
    # mounts, namespaces, roots
    "mount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "mount_setattr",
    "fsopen", "fsconfig", "fsmount", "fspick", "unshare", "setns", "quotactl", "quotactl_fd",
    # handles open files without walking a path, past every path rule
    "open_by_handle_at", "name_to_handle_at",
    # the machine itself
    "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "create_module",
    "reboot", "swapon", "swapoff", "acct", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex",
    "sethostname", "setdomainname", "iopl", "ioperm", "vhangup", "nfsservctl", "uselib", "_sysctl",
)  # fmt: skip


class Sockets(enum.Enum):
    """Which socket families a command may open; vsock, packet, alg and the rest never."""

    NONE = "none"
    INTERNET = "internet"
    """IPv4, IPv6, and the netlink that name resolution asks; no unix sockets, so no docker.sock."""
    OWN_NAMESPACE = "own namespace"
    """Unix sockets as well, for a command that has a network namespace to itself."""


_FAMILIES: Final[dict[Sockets, tuple[int, ...]]] = {
    Sockets.NONE: (),
    Sockets.INTERNET: (2, 10, 16),
    Sockets.OWN_NAMESPACE: (1, 2, 10, 16),
}
RLIMIT_RTTIME: Final = 15
"""The limit that marks a command's processes (see `sweep`): they must not be able to change it."""

_AUDIT_ARCH: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_ALLOW, _KILL, _EPERM, _ENOSYS = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026
_X32: Final = 0x40000000
# NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_NEW_NAMESPACE: Final = 0x7E020000
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_SOCK_TYPE_MASK, _SOCK_DGRAM = 0xF, 2


@dataclass
class _Program:
    """A BPF program with named jump targets; an empty target means the next instruction."""

    code: list[tuple[int, int, str, str]] = field(default_factory=list[tuple[int, int, str, str]])
    labels: dict[str, int] = field(default_factory=dict[str, int])

    def add(self, code: int, value: int, then: str = "", otherwise: str = "") -> None:
        self.code.append((code, value, then, otherwise))

    def label(self, name: str) -> None:
        self.labels[name] = len(self.code)

    def load_argument(self, index: int, *, high: bool = False) -> None:
        # Both architectures are little endian: the low word comes first.
        self.add(_LOAD, 16 + 8 * index + (4 if high else 0))

    def assembled(self) -> bytes:
        out = bytearray()
        for at, (code, value, then, otherwise) in enumerate(self.code):
            jumps = [self.labels[name] - at - 1 if name else 0 for name in (then, otherwise)]
            out += struct.pack("<HBBI", code, *jumps, value)
        return bytes(out)


def filter_program(sockets: Sockets, *, machine: str | None = None) -> bytes:
    """The BPF program for `machine` (this one by default); OSError if the architecture has no table."""
    name = kernel.machine() if machine is None else machine
    if name not in _AUDIT_ARCH:
        raise OSError(38, "no seccomp filter is known for this architecture")

    def on(call: str) -> int | None:
        return kernel.number(call, on=name)

    program = _Program()
    program.add(_LOAD, 4)
    program.add(_EQUAL, _AUDIT_ARCH[name], otherwise="kill")
    program.add(_LOAD, 0)
    if name == "x86_64":
        program.add(_AT_LEAST, _X32, then="deny")
    denied = [number for call in DENIED if (number := on(call)) is not None]
    for number in sorted(denied):
        program.add(_EQUAL, number, then="deny")
    # clone3 takes its flags by pointer, which BPF cannot read: without it libc falls back to clone.
    targets = {"clone3": "nosys", "setrlimit": "setrlimit", "prlimit64": "prlimit64"}
    targets |= {call: call for call in ("clone", "ioctl", "socket", "socketpair")}
    for call, target in targets.items():
        number_of_call = on(call)
        if number_of_call is not None:
            program.add(_EQUAL, number_of_call, then=target)
    program.add(_RETURN, _ALLOW)
    _add_argument_checks(program, sockets)
    for label, answer in (("allow", _ALLOW), ("deny", _EPERM), ("nosys", _ENOSYS), ("kill", _KILL)):
        program.label(label)
        program.add(_RETURN, answer)
    return program.assembled()


def _add_argument_checks(program: _Program, sockets: Sockets) -> None:
    program.label("clone")
    program.load_argument(0)
    program.add(_ANY_BIT, _NEW_NAMESPACE, then="deny", otherwise="allow")

    program.label("ioctl")  # typing into the terminal the person sits at
    program.load_argument(1)
    program.add(_EQUAL, _TIOCSTI, then="deny")
    program.add(_EQUAL, _TIOCLINUX, then="deny", otherwise="allow")

    program.label("prlimit64")  # of itself only: a CPU limit set from outside kills
    program.load_argument(0)
    program.add(_EQUAL, 0, otherwise="deny")
    program.load_argument(2)
    program.add(_EQUAL, 0, otherwise="sets")
    program.load_argument(2, high=True)
    program.add(_EQUAL, 0, then="allow")
    program.label("sets")
    program.load_argument(1)
    program.add(_EQUAL, RLIMIT_RTTIME, then="deny", otherwise="allow")

    program.label("setrlimit")
    program.load_argument(0)
    program.add(_EQUAL, RLIMIT_RTTIME, then="deny", otherwise="allow")

    program.label("socket")
    program.load_argument(0)
    for family in _FAMILIES[sockets]:
        program.add(_EQUAL, family, then="allow")
    program.add(_RETURN, _EPERM)

    program.label("socketpair")
    if sockets is Sockets.OWN_NAMESPACE:
        program.add(_RETURN, _ALLOW)
    else:
        # A datagram socket of a pair can still send to any named unix socket; a stream cannot.
        program.load_argument(1)
        program.add(_AND, _SOCK_TYPE_MASK)
        program.add(_EQUAL, _SOCK_DGRAM, then="deny", otherwise="allow")


def install(program: bytes) -> None:
    """Put `program` on the calling thread, for good, and on all it starts."""
    code = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("<HxxxxxxQ", len(program) // 8, ctypes.addressof(code))
    pointer = ctypes.create_string_buffer(header, len(header))
    kernel.prctl(38, 1)  # PR_SET_NO_NEW_PRIVS
    kernel.prctl(22, 2, ctypes.addressof(pointer))  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
