"""The sandbox's pure parts: filter, mount order, output, sweep, and importing where Linux is not."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest

from devassist.sandbox import kernel, seccomp
from devassist.sandbox.landlock import readable
from devassist.sandbox.mounts import Mount, Way, layout, links
from devassist.sandbox.output import BoundedOutput
from devassist.sandbox.seccomp import DENIED, Sockets, filter_program

ALLOW, EPERM, ENOSYS, KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000
ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def answer(program: bytes, number: int, *arguments: int, arch: int) -> int:
    """What the kernel would answer: a BPF machine small enough to be read."""
    data = struct.pack("<iIQ6Q", number, arch, 0, *(list(arguments) + [0] * 6)[:6])
    code = [struct.unpack_from("<HBBI", program, at) for at in range(0, len(program), 8)]
    at = accumulator = 0
    while True:
        operation, then, otherwise, value = code[at]
        at += 1
        match operation:
            case 0x20:
                accumulator = struct.unpack_from("<I", data, value)[0]
            case 0x54:
                accumulator &= value
            case 0x06:
                return value
            case _:
                holds = {
                    0x15: accumulator == value,
                    0x35: accumulator >= value,
                    0x45: bool(accumulator & value),
                }[operation]
                at += then if holds else otherwise


@pytest.fixture(params=["x86_64", "aarch64"])
def machine(request: pytest.FixtureRequest) -> str:
    return request.param


def ask(machine: str, name: str, *arguments: int, sockets: Sockets = Sockets.NONE) -> int:
    number = kernel.number(name, on=machine)
    assert number is not None
    return answer(filter_program(sockets, machine=machine), number, *arguments, arch=ARCH[machine])


def test_every_denied_call_is_denied_on_both_architectures(machine: str) -> None:
    there = [name for name in DENIED if kernel.number(name, on=machine) is not None]
    assert len(there) > 45
    assert {ask(machine, name) for name in there} == {EPERM}


def test_ordinary_calls_are_allowed(machine: str) -> None:
    numbers = {"x86_64": (0, 1, 2, 9, 59, 57, 58, 257), "aarch64": (56, 63, 64, 221, 222)}[machine]
    program = filter_program(Sockets.NONE, machine=machine)
    assert {answer(program, number, arch=ARCH[machine]) for number in numbers} == {ALLOW}


def test_another_architecture_is_killed_and_x32_denied(machine: str) -> None:
    program = filter_program(Sockets.NONE, machine=machine)
    assert answer(program, 1, arch=0x40000003) == KILL
    if machine == "x86_64":
        assert answer(program, 0x40000001, arch=ARCH[machine]) == EPERM


@pytest.mark.parametrize("flag", [1 << 17, 1 << 25, 1 << 26, 1 << 27, 1 << 28, 1 << 29, 1 << 30])
def test_a_process_is_cloned_but_never_into_a_namespace(machine: str, flag: int) -> None:
    assert ask(machine, "clone", 17 | flag) == EPERM
    assert ask(machine, "clone", 0x3D0F00) == ALLOW
    assert ask(machine, "clone3") == ENOSYS


def test_which_sockets_are_allowed(machine: str) -> None:
    families = {"unix": 1, "inet": 2, "inet6": 10, "netlink": 16, "packet": 17, "alg": 38, "vsock": 40}
    allowed = {
        policy: [
            name
            for name, family in families.items()
            if ask(machine, "socket", family, sockets=policy) == ALLOW
        ]
        for policy in Sockets
    }
    assert allowed == {
        Sockets.NONE: [],
        Sockets.INTERNET: ["inet", "inet6", "netlink"],
        Sockets.OWN_NAMESPACE: ["unix", "inet", "inet6", "netlink"],
    }
    assert ask(machine, "socketpair", 1, 1 | 0o2000000) == ALLOW
    assert ask(machine, "socketpair", 1, 2 | 0o2000000) == EPERM


def test_limits_are_its_own_business_but_for_the_mark(machine: str) -> None:
    assert ask(machine, "prlimit64", 0, 7, 1) == ALLOW
    assert ask(machine, "prlimit64", 0, 15, 0) == ALLOW
    assert ask(machine, "prlimit64", 0, 15, 1 << 40) == EPERM
    assert ask(machine, "prlimit64", 4711, 7, 1) == EPERM
    assert ask(machine, "setrlimit", 15) == EPERM
    assert ask(machine, "setrlimit", 1) == ALLOW


def test_typing_into_the_terminal_is_denied(machine: str) -> None:
    assert (ask(machine, "ioctl", 0, 0x5412), ask(machine, "ioctl", 0, 0x5401)) == (EPERM, ALLOW)


def test_no_filter_is_made_up_for_an_unknown_architecture() -> None:
    with pytest.raises(OSError, match="no seccomp filter"):
        filter_program(Sockets.NONE, machine="riscv64")
    assert kernel.number("mount", on="riscv64") is None


def test_the_jump_distances_fit() -> None:
    assert len(filter_program(Sockets.OWN_NAMESPACE, machine="x86_64")) // 8 < 200
    assert seccomp.RLIMIT_RTTIME == 15


# ------------------------------------------------------------------------------------------------


def test_the_deeper_mount_wins_and_a_mask_over_nothing_is_left_out() -> None:
    repo, venv, tree = Path("/r/repo"), Path("/r/repo/.venv"), Path("/r/repo/.wt/a")
    wanted = [Mount(Way.WRITE, tree), Mount(Way.READ, venv), Mount(Way.READ, Path("/usr"))]
    assert layout(wanted, [repo, Path("/usr/src")]) == [
        Mount(Way.READ, Path("/usr")),
        Mount(Way.MASK, Path("/usr/src")),
        Mount(Way.READ, venv),
        Mount(Way.WRITE, tree),
    ]


def test_for_one_path_writable_beats_mask_beats_readable() -> None:
    top = Mount(Way.READ, Path("/a"))
    both = [top, Mount(Way.READ, Path("/a/b")), Mount(Way.READ, Path("/a/c")), Mount(Way.WRITE, Path("/a/c"))]
    assert layout(both, [Path("/a/b"), Path("/a/c")]) == [
        top,
        Mount(Way.MASK, Path("/a/b")),
        Mount(Way.WRITE, Path("/a/c")),
    ]


def test_links_on_the_way_are_made_unless_a_mount_shows_them(tmp_path: Path) -> None:
    (tmp_path / "v1/bin").mkdir(parents=True)
    (tmp_path / "current").symlink_to("v1")
    (tmp_path / "bin").symlink_to("current/bin")
    (tmp_path / "round").symlink_to("round")
    base = tmp_path.resolve()
    made = list(links([tmp_path / "bin"], [Mount(Way.READ, base / "v1/bin")]))
    assert made == [(str(base / "bin"), "current/bin"), (str(base / "current"), "v1")]
    assert list(links([tmp_path / "bin"], [Mount(Way.READ, base)])) == []
    assert len(list(links([tmp_path / "round/x"], []))) == 1


def test_landlock_allows_the_siblings_of_what_is_masked(tmp_path: Path) -> None:
    root = tmp_path.resolve()
    for name in ("a/x", "a/y/z", "b"):
        (root / name).mkdir(parents=True)
    (root / "a/link").symlink_to(root / "a/y")
    assert list(readable([root], [root / "a/y"])) == [root / "a/x", root / "b"]
    assert list(readable([root / "a"], [root])) == [root / "a"]
    assert list(readable([root / "a"], [root / "a"])) == []


def test_output_keeps_both_ends() -> None:
    output = BoundedOutput(keep=10)
    for _ in range(5):
        output.add(b"0123456789")
    output.add(b"abc")
    assert output.truncated
    assert output.text() == "0123456789\n[... 33 bytes left out ...]\n3456789abc"


@pytest.mark.parametrize("size", [0, 5, 10, 20])
def test_short_output_is_kept_whole(size: int) -> None:
    output = BoundedOutput(keep=10)
    output.add(b"x" * size)
    assert (output.text(), output.truncated) == ("x" * size, False)


def test_the_package_imports_where_linux_is_not() -> None:
    code = (
        "import os, signal, sys; sys.platform = 'darwin'\n"
        "for module, names in ((os, ('O_PATH', 'pidfd_open', 'memfd_create', 'openat2')), (signal, ('pidfd_send_signal',))):\n"
        "    for name in names:\n"
        "        if hasattr(module, name): delattr(module, name)\n"
        "sys.modules['resource'] = None\n"
        "from pathlib import Path; import tempfile\n"
        "from devassist.sandbox import UnsafeSandbox, choose, landlock, WorktreeFiles\n"
        "scratch = Path(tempfile.mkdtemp()); probe = choose('auto', scratch=scratch)\n"
        "assert probe.sandbox is None and not probe.tier, probe\n"
        "files = WorktreeFiles(scratch); files.write_bytes('a/b', b'x'); files.move('a/b', 'a/c')\n"
        "assert files.list() == ['a/c'] and files.read_bytes('a/c', 5) == b'x'\n"
        "from devassist.ports import SandboxSpec\n"
        "result = UnsafeSandbox().run('echo hi', SandboxSpec(worktree=scratch, private=scratch / 'a'), timeout_s=5)\n"
        "assert result.output == 'hi\\n', result\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
