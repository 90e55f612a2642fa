"""The few system calls Python has no name for, by number, for x86_64 and aarch64."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from typing import Final

_X86_64: Final = "x86_64"
_AARCH64: Final = "aarch64"

# name: (x86_64, aarch64); None if the architecture never had the call. Taken from the kernel's
# asm/unistd_64.h and asm-generic/unistd.h.
SYSCALLS: Final[dict[str, tuple[int | None, int | None]]] = {
    "_sysctl": (156, None),
    "acct": (163, 89),
    "add_key": (248, 217),
    "adjtimex": (159, 171),
    "bpf": (321, 280),
    "capset": (126, 91),
    "chroot": (161, 51),
    "clock_adjtime": (305, 266),
    "clock_settime": (227, 112),
    "clone": (56, 220),
    "clone3": (435, 435),
    "create_module": (174, None),
    "delete_module": (176, 106),
    "fanotify_init": (300, 262),
    "finit_module": (313, 273),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "init_module": (175, 105),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
    "ioctl": (16, 29),
    "ioperm": (173, None),
    "iopl": (172, None),
    "kcmp": (312, 272),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "landlock_add_rule": (445, 445),
    "landlock_create_ruleset": (444, 444),
    "landlock_restrict_self": (446, 446),
    "lookup_dcookie": (212, 18),
    "migrate_pages": (256, 238),
    "modify_ldt": (154, None),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "move_pages": (279, 239),
    "name_to_handle_at": (303, 264),
    "nfsservctl": (180, 42),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "openat2": (437, 437),
    "perf_event_open": (298, 241),
    "pidfd_getfd": (438, 438),
    "pivot_root": (155, 41),
    "prlimit64": (302, 261),
    "process_madvise": (440, 440),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "reboot": (169, 142),
    "renameat2": (316, 276),
    "request_key": (249, 218),
    "setdomainname": (171, 162),
    "sethostname": (170, 161),
    "setns": (308, 268),
    "setrlimit": (160, 164),
    "settimeofday": (164, 170),
    "socket": (41, 198),
    "socketpair": (53, 199),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "syslog": (103, 116),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "uselib": (134, None),
    "userfaultfd": (323, 282),
    "vhangup": (153, 58),
}


def machine() -> str:
    """The architecture, or an empty string if the table above does not have it."""
    name = {"arm64": _AARCH64}.get(platform.machine(), platform.machine())
    linux = sys.platform.startswith("linux")
    # A 32-bit Python on a 64-bit kernel would use other numbers altogether.
    return name if linux and name in (_X86_64, _AARCH64) and ctypes.sizeof(ctypes.c_void_p) == 8 else ""  # noqa: PLR2004 - bytes of a pointer


def number(name: str, *, on: str | None = None) -> int | None:
    """The number of system call `name` on this machine (or `on`), None if it has none."""
    pair = SYSCALLS[name]
    match machine() if on is None else on:
        case "x86_64":
            return pair[0]
        case "aarch64":
            return pair[1]
        case _:
            return None


def call(name: str, *arguments: object) -> int:
    """Make system call `name`; raises OSError with the kernel's errno."""
    call_number = number(name)
    if call_number is None:
        raise OSError(38, f"{name}: {os.strerror(38)}")
    result = int(_libc().syscall(ctypes.c_long(call_number), *arguments))
    return _checked(result, name)


def prctl(option: int, *arguments: int) -> int:
    """Call prctl(2) for the calling thread; raises OSError with the kernel's errno."""
    padded = [ctypes.c_ulong(value) for value in (*arguments, 0, 0, 0, 0)[:4]]
    return _checked(int(_libc().prctl(ctypes.c_int(option), *padded)), "prctl")


_LIBC: list[ctypes.CDLL] = []


def _libc() -> ctypes.CDLL:
    if not _LIBC:
        _LIBC.append(ctypes.CDLL(None, use_errno=True))
    return _LIBC[0]


def _checked(result: int, what: str) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")
    return result
