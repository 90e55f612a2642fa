"""What every sandbox tier must do: the same attacks, each shown to work without a sandbox first."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from devassist.domain.errors import Refused, SandboxUnavailable, UsageError
from devassist.ports import CommandResult, SandboxSpec
from devassist.sandbox.bubblewrap import BubblewrapSandbox
from devassist.sandbox.landlock import LandlockSandbox
from devassist.sandbox.sweep import kill_marked
from devassist.sandbox.toolchain import command_environment, toolchain_directories
from devassist.sandbox.unsafe import UnsafeSandbox
from support.sandboxes import sandbox_or_skip

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the tiers are Linux's"),
    pytest.mark.enable_socket,
]
SECRET = "s3cret-canary-0451"
CONNECT = (
    "import socket,sys; s=socket.socket(*[getattr(socket,n) for n in sys.argv[1:3]]); "
    "a=eval(sys.argv[3]); s.connect(a) if sys.argv[4]=='c' else s.sendto(b'hello',a)"
)


@dataclass
class World:
    """A host with something to steal and to break, and one agent's place in it."""

    root: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("home/.ssh", "repo/.git/hooks", "repo/.venv/bin", "state/other", "wt/sub", "private"):
            (self.root / name).mkdir(parents=True)
        for name in ("home/.ssh/id_rsa", "repo/.env", "repo/.git/config", "repo/shared.txt"):
            (self.root / name).write_text(SECRET)
        (self.root / "home/.bashrc").write_text("clean")
        (self.root / "state/other/file.py").write_text("clean")
        (self.root / "wt/.git").write_text("gitdir: elsewhere\n")
        (self.root / "wt/file.py").write_text("print('hello')\n")
        tool = self.root / "repo/.venv/bin/own-tool"
        tool.write_text("#!/bin/sh\necho from the venv\n")
        tool.chmod(0o755)
        (self.root / "repo/.venv/pyvenv.cfg").write_text("")

    @property
    def wt(self) -> Path:
        return self.root / "wt"

    @property
    def spec(self) -> SandboxSpec:
        repository, private = self.root / "repo", self.root / "private"
        environment = command_environment(
            {},
            private=private,
            python_prefix=Path(sys.prefix),
            repository=repository,
            worktree=self.wt,
            extra={},
        )
        return SandboxSpec(
            worktree=self.wt,
            private=private,
            read_only=tuple(toolchain_directories(environment["PATH"], repository=repository)),
            masked=(repository, repository / ".git"),
            environment=environment,
        )

    def victim(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(["/bin/sleep", "100"], env={"CANARY": SECRET})
        self.processes.append(process)
        return process

    def text(self, name: str) -> str:
        path = self.root / name
        return path.read_text(errors="replace") if path.is_file() else ""


@pytest.fixture
def new_world(tmp_path: Path) -> Iterator[Callable[[], World]]:
    worlds: list[World] = []

    def make() -> World:
        worlds.append(World(tmp_path / f"world{len(worlds)}"))
        return worlds[-1]

    yield make
    for world in worlds:
        for process in world.processes:
            process.kill()
            process.wait()


@pytest.fixture
def world(new_world: Callable[[], World]) -> World:
    return new_world()


@pytest.fixture(params=["bubblewrap", "landlock"])
def sandbox(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return sandbox_or_skip(request.param, tmp_path / "scratch")


@pytest.fixture
def bubblewrap(tmp_path: Path) -> Any:
    return sandbox_or_skip("bubblewrap", tmp_path / "scratch")


@pytest.fixture
def landlock(tmp_path: Path) -> Any:
    return sandbox_or_skip("landlock", tmp_path / "scratch")


def run(sandbox: Any, world: World, command: str, *, timeout_s: float = 30, **changes: Any) -> CommandResult:
    return sandbox.run(command, replace(world.spec, **changes), timeout_s=timeout_s)


# ---------------------------------------------------------------------------------- attacks


@dataclass(frozen=True)
class Attack:
    name: str
    command: str
    """`{root}` is the world; `{pid}` a process of the host."""
    landed: Callable[[World], bool]


def leaked(world: World) -> bool:
    return SECRET in world.text("wt/leak")


def wrote(name: str, clean: str) -> Callable[[World], bool]:
    return lambda world: world.text(name) != clean


def victim_ended(world: World) -> bool:
    with contextlib.suppress(subprocess.TimeoutExpired):
        world.processes[0].wait(0.2)
    return world.processes[0].poll() is not None


SYSCALL = "python3 -c 'import ctypes,sys; r=ctypes.CDLL(None,use_errno=True).syscall({}); {}'"
ATTACKS = [
    Attack("write outside", "echo x > {root}/home/.bashrc", wrote("home/.bashrc", "clean")),
    Attack("create outside", "echo x > {root}/home/.gitconfig", wrote("home/.gitconfig", "")),
    Attack("write main .git", "echo x >> {root}/repo/.git/config", wrote("repo/.git/config", SECRET)),
    Attack("plant hook", "echo x > {root}/repo/.git/hooks/pre-commit", wrote("repo/.git/hooks/pre-commit", "")),
    Attack("write the venv", "echo x > {root}/repo/.venv/bin/own-tool", lambda w: "echo x" in w.text("repo/.venv/bin/own-tool") or w.text("repo/.venv/bin/own-tool") == "x\n"),
    Attack("other agent's tree", "echo x > {root}/state/other/file.py", wrote("state/other/file.py", "clean")),
    Attack("read ~/.ssh", "cat {root}/home/.ssh/id_rsa > leak", leaked),
    Attack("read main .env", "cat {root}/repo/.env > leak", leaked),
    Attack("read main .git", "cat {root}/repo/.git/config > leak", leaked),
    Attack("read by /proc/self/root", "cat /proc/self/root{root}/repo/.env > leak", leaked),
    Attack("read by /proc/1/root", "cat /proc/1/root{root}/repo/.env > leak || cat {root}/repo/.env > leak", leaked),
    Attack("read by the loader", "/lib64/ld-linux-*.so.2 /bin/cat {root}/repo/.env > leak", leaked),
    Attack("read by way of the venv", "cat {root}/repo/.venv/../.env > leak", leaked),
    Attack("read by link", "ln -s {root}/repo/.env l; cat l > leak", leaked),
    Attack("write by link", "ln -s {root}/home l; echo x > l/.bashrc", wrote("home/.bashrc", "clean")),
    Attack("write by hard link", "ln {root}/home/.bashrc h; echo x > h", wrote("home/.bashrc", "clean")),
    Attack("read by hard link", "ln {root}/repo/.env h; cat h > leak", leaked),
    Attack("move away", "mv {root}/repo {root}/wt/repo", lambda w: not (w.root / "repo/.env").exists()),
    Attack("remove", "rm -rf {root}/repo/.git", lambda w: not (w.root / "repo/.git").exists()),
    Attack("empty", "truncate -s 0 {root}/repo/.env", lambda w: not w.text("repo/.env")),
    Attack("kill a process", "kill -9 {pid}", victim_ended),
    Attack("limit a process", "prlimit --pid {pid} --fsize=1", lambda w: resource.prlimit(w.processes[0].pid, resource.RLIMIT_FSIZE)[0] == 1),
    Attack("read environ of a process", "cat /proc/{pid}/environ > leak", leaked),
    Attack("remount and write", "mount -o remount,bind,rw / ; umount -l {root}/repo; echo x > {root}/home/.bashrc", wrote("home/.bashrc", "clean")),
    Attack("user namespace", "unshare -Ur touch made", lambda w: (w.wt / "made").exists()),
    Attack("clone into a namespace", SYSCALL.format('56 if sys.maxsize and __import__("platform").machine()=="x86_64" else 220, ctypes.c_ulong(0x10000011), 0, 0, 0, 0', 'r < 0 or open("made","w")'), lambda w: (w.wt / "made").exists()),
    Attack("io_uring", SYSCALL.format("425, 4, ctypes.create_string_buffer(120)", 'r < 0 or open("made","w")'), lambda w: (w.wt / "made").exists()),
    Attack("keyctl", SYSCALL.format('250 if __import__("platform").machine()=="x86_64" else 219, 0, -3, 1', 'r < 0 or open("made","w")'), lambda w: (w.wt / "made").exists()),
    Attack("vsock", "python3 -c 'import socket; socket.socket(40, 1); open(\"made\",\"w\")'", lambda w: (w.wt / "made").exists()),
    Attack("mknod", "mknod disk b 254 0", lambda w: (w.wt / "disk").is_block_device()),
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_that_works_without_a_sandbox_does_nothing_in_one(
    attack: Attack, sandbox: Any, new_world: Callable[[], World]
) -> None:
    landed = []
    for box in (UnsafeSandbox(), sandbox):
        world = new_world()
        pid = world.victim().pid
        run(box, world, attack.command.replace("{root}", str(world.root)).replace("{pid}", str(pid)))
        landed.append(attack.landed(world))
    assert not landed[1]
    if not landed[0]:
        pytest.skip("this host refuses it by itself: the denial proves nothing")


@contextlib.contextmanager
def listening(kind: str, root: Path) -> Iterator[SimpleNamespace]:
    family = {"unix": socket.AF_UNIX, "abstract": socket.AF_UNIX, "tcp6": socket.AF_INET6}.get(
        kind, socket.AF_INET
    )
    type_ = socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM
    address: Any = {
        "unix": str(root / "s.sock"),
        "abstract": f"\0devassist-{os.getpid()}",
        "tcp6": ("::1", 0),
    }.get(kind, ("127.0.0.1", 0))
    with socket.socket(family, type_) as server:
        server.bind(address)
        if type_ == socket.SOCK_STREAM:
            server.listen()
        server.settimeout(0.3)
        place: Any = server.getsockname()
        place = place.decode() if isinstance(place, bytes) else place
        arguments = f'{family.name} {type_.name} "{place!r}" {"s" if kind == "udp" else "c"}'

        def reached() -> bool:
            try:
                (server.recv(10) if kind == "udp" else server.accept()[0].close())
            except TimeoutError:
                return False
            return True

        yield SimpleNamespace(command=f'python3 -c "{CONNECT}" {arguments}', reached=reached)


@pytest.mark.parametrize("kind", ["tcp", "tcp6", "udp", "unix", "abstract"])
def test_no_server_of_the_host_can_be_reached(kind: str, sandbox: Any, world: World) -> None:
    short = Path(f"/tmp/da-{os.getpid()}-{kind}")
    shutil.rmtree(short, ignore_errors=True)
    short.mkdir()
    try:
        with listening(kind, short) as server:
            control = run(UnsafeSandbox(), world, server.command)
            assert server.reached(), control.output
            run(sandbox, world, server.command)
            assert not server.reached()
    except OSError as error:
        if kind != "tcp6":
            raise
        pytest.skip(f"no IPv6 here: {error}")
    finally:
        shutil.rmtree(short, ignore_errors=True)


def test_a_datagram_pair_cannot_send_to_a_unix_socket_of_the_host(sandbox: Any, world: World) -> None:
    attack = "python3 -c \"import socket; a,b=socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM); a.sendto(b'x', '{}')\""
    short = Path(f"/tmp/da-{os.getpid()}-pair")
    short.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(short))
        server.settimeout(0.3)
        run(UnsafeSandbox(), world, attack.format(short))
        assert server.recv(10) == b"x"
        run(sandbox, world, attack.format(short))
        with pytest.raises(TimeoutError):
            server.recv(10)
    short.unlink()


def test_the_network_is_there_when_it_was_asked_for(sandbox: Any, world: World) -> None:
    with listening("tcp", world.root) as server:
        result = run(sandbox, world, server.command, network=True)
        assert server.reached(), result.output


def test_with_the_network_open_unix_sockets_of_the_host_stay_closed(sandbox: Any, world: World) -> None:
    with listening("abstract", world.root) as server:
        run(sandbox, world, server.command, network=True)
        assert not server.reached()


def test_nothing_is_inherited_from_the_environment(
    sandbox: Any, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    environment = {**world.spec.environment, "GIVEN": "yes"}
    result = run(sandbox, world, "env; cat /proc/$PPID/environ /proc/self/environ", environment=environment)
    assert "GIVEN=yes" in result.output
    assert SECRET not in result.output


def test_no_descriptor_is_inherited(sandbox: Any, world: World) -> None:
    descriptor = os.open(world.root / "repo/.env", os.O_RDONLY)
    os.set_inheritable(descriptor, True)
    try:
        command = f"import os; print(os.read({descriptor}, 100))"
        control = subprocess.run(
            [sys.executable, "-c", command], check=False, pass_fds=[descriptor], capture_output=True
        )
        assert SECRET in control.stdout.decode()
        os.lseek(descriptor, 0, os.SEEK_SET)
        result = run(sandbox, world, f"python3 -c '{command}'")
        assert SECRET not in result.output
        assert "Bad file descriptor" in result.output
    finally:
        os.close(descriptor)


# ---------------------------------------------------------------------------------- what must work

WORKS = {
    "edit": "echo x > new && mkdir -p a/b && mv new a/b/ && ln -s a l && rm -r a && test ! -e new",
    "python": "python3 -c 'import ssl, sqlite3, subprocess; subprocess.run([\"true\"], check=True)'",
    "multiprocessing.Lock": "python3 -c 'import multiprocessing as m; m.Lock()'",
    "process pool": "python3 -c 'import concurrent.futures as c; list(c.ProcessPoolExecutor(2).map(abs, [1, 2]))'",
    "asyncio": "python3 -c 'import asyncio; asyncio.run(asyncio.create_subprocess_exec(\"true\"))'",
    "socketpair": "python3 -c 'import socket; a, b = socket.socketpair(); a.send(b\"x\"); assert b.recv(1) == b\"x\"'",
    "threads": "python3 -c 'import threading; t = threading.Thread(target=print); t.start(); t.join()'",
    "temporary files": "python3 -c 'import tempfile; tempfile.NamedTemporaryFile().write(b\"x\")' && test -d $TMPDIR",
    "home": "echo x > $HOME/.cache-file && test -s $HOME/.cache-file",
    "devices": "echo x > /dev/null && head -c 4 /dev/urandom > r && head -c 4 /dev/zero > z",
    "user name": "python3 -c 'import pwd, os; pwd.getpwuid(os.getuid())'",
    "cpu count": "python3 -c 'import os; assert os.cpu_count()'",
    "git": "git --version",
    "node": "command -v node >/dev/null || exit 0; node -e 'require(\"fs\").writeFileSync(\"n\", \"1\")'",
    "the project's venv": "own-tool | grep -q 'from the venv'",
    "stdin is empty": 'test -z "$(cat)"',
    "executable in the worktree": "printf '#!/bin/sh\\nexit 0\\n' > run && chmod +x run && ./run",
    "own signals": "sleep 5 & kill $! && ! wait $!",
}  # fmt: skip


@pytest.mark.parametrize("name", list(WORKS))
def test_ordinary_work_works(name: str, sandbox: Any, world: World) -> None:
    result = run(sandbox, world, WORKS[name])
    assert result.exit_code == 0, result.output


def test_pytest_runs_and_sees_the_worktree(sandbox: Any, world: World) -> None:
    (world.wt / "calc.py").write_text("def add(a, b):\n    return a + b\n")
    (world.wt / "test_calc.py").write_text(
        "from calc import add\ndef test_add(tmp_path):\n    assert add(1, 2) == 3\n"
    )
    (world.wt / "pytest.ini").write_text("[pytest]\n")  # or it would look above the worktree
    packages = Path(pytest.__file__).parent.parent
    environment = {**world.spec.environment, "PYTHONPATH": str(packages)}
    result = run(
        sandbox, world, "python3 -m pytest -q -p no:cacheprovider",
        environment=environment, read_only=(*world.spec.read_only, packages),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "1 passed" in result.output


def test_what_is_written_is_on_the_host(sandbox: Any, world: World) -> None:
    assert run(sandbox, world, "pwd; echo new > sub/made; echo mine > $HOME/kept").exit_code == 0
    assert world.text("wt/sub/made") == "new\n"
    assert world.text("private/home/kept") == "mine\n"


# ---------------------------------------------------------------------------------- masks


def test_a_mask_below_something_readable_hides_only_itself(sandbox: Any, world: World) -> None:
    lib = world.root / "lib"
    (lib / "deep/inner").mkdir(parents=True)
    for name in ("shown", "hidden", "deep/shown", "deep/inner/hidden"):
        (lib / name).write_text(f"<{name}>")
    (lib / "link").symlink_to(lib / "hidden")
    masked = (lib / "hidden", lib / "deep/inner")
    everything = f"cat {lib}/shown {lib}/deep/shown; cat {lib}/hidden {lib}/deep/inner/hidden {lib}/link"
    control = run(sandbox, world, everything, read_only=(lib,))
    assert "<hidden>" in control.output
    result = run(sandbox, world, everything, read_only=(lib,), masked=masked)
    assert "<shown><deep/shown>" in result.output
    assert "hidden>" not in result.output


def test_a_worktree_inside_a_masked_checkout_is_there_and_the_checkout_is_not(
    sandbox: Any, world: World
) -> None:
    inside = world.root / "repo/.worktrees/one"
    inside.mkdir(parents=True)
    result = run(sandbox, world, f"echo x > made; own-tool; cat {world.root}/repo/.env", worktree=inside)
    assert (inside / "made").exists()
    assert "from the venv" in result.output
    assert SECRET not in result.output


def test_a_linked_tool_directory_is_found_by_both_names(sandbox: Any, world: World) -> None:
    real = world.root / "tools-1.2/bin"
    real.mkdir(parents=True)
    (real / "tool").write_text("#!/bin/sh\necho found\n")
    (real / "tool").chmod(0o755)
    (world.root / "tools").symlink_to("tools-1.2")
    linked = world.root / "tools/bin"
    result = run(sandbox, world, f"{linked}/tool; {real}/tool", read_only=(linked,))
    assert result.output == "found\nfound\n"


def test_landlock_refuses_a_mask_it_cannot_hold(landlock: Any, world: World) -> None:
    with pytest.raises(SandboxUnavailable, match="cannot hide"):
        run(landlock, world, "true", masked=(world.wt / "sub",))


# ---------------------------------------------------------------------------------- results and limits


@pytest.mark.parametrize(
    ("command", "code"),
    [("exit 7", 7), ("true", 0), ("no-such-program-here", 127), ("sh -c 'kill -9 $$'", 137)],
)
def test_how_a_command_ended_is_a_result(command: str, code: int, sandbox: Any, world: World) -> None:
    assert run(sandbox, world, command).exit_code == code


def test_both_streams_are_one_text_and_bad_bytes_are_replaced(sandbox: Any, world: World) -> None:
    result = run(sandbox, world, r"echo out; echo err >&2; printf '\377'")
    assert result.output == "out\nerr\n\ufffd"


@pytest.mark.parametrize(
    "command", ["sleep 60", "trap '' TERM INT HUP; while :; do sleep 1; done", "sleep 60 & sleep 60"]
)
def test_a_command_that_takes_too_long_is_stopped(command: str, sandbox: Any, world: World) -> None:
    result = run(sandbox, world, command, timeout_s=0.4)
    assert result.timed_out
    assert result.exit_code < 0
    assert result.seconds < 50  # of the 60 that it would take


def test_a_flood_of_output_is_bounded_and_does_not_block(sandbox: Any, world: World) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = run(sandbox, world, "echo first; head -c 300000000 /dev/zero | tr '\\0' y; echo; echo last")
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert result.exit_code == 0
    assert result.truncated
    assert result.output.startswith("first\n")
    assert result.output.endswith("last\n")
    assert "bytes left out ...]\n" in result.output
    assert len(result.output) < 201_000
    assert grown_kb < 20_000


def test_yes_for_ever_ends_with_the_time_limit(sandbox: Any, world: World) -> None:
    result = run(sandbox, world, "yes", timeout_s=0.5)
    assert (result.timed_out, result.truncated) == (True, True)


def test_a_file_cannot_grow_without_end(sandbox: Any, world: World) -> None:
    run(sandbox, world, "truncate -s 3G big")
    assert not (world.wt / "big").exists() or (world.wt / "big").stat().st_size <= 2 * 1024**3


DAEMONS = {
    "setsid": "setsid sleep {seconds} >/dev/null 2>&1 </dev/null & sleep 0.1",
    "double fork": "(setsid sh -c 'sleep {seconds} >/dev/null 2>&1 &' &) ; sleep 0.1",
    "empty environment": "env -i /usr/bin/setsid /bin/sleep {seconds} >/dev/null 2>&1 & sleep 0.1",
    "holds the output": "setsid sleep {seconds} & sleep 0.1",
    "changes its limit": "prlimit --rttime=5:5 env -i setsid sleep {seconds} & sleep 0.1",
    "long after": "sleep 1.2; (env -i setsid sh -c 'sleep {seconds} &' &); sleep 0.1",
}  # fmt: skip


def sleeping(seconds: str) -> bool:
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdecimal() and (entry / "cmdline").read_bytes().split(b"\0")[:2][-1:] == [
                seconds.encode()
            ]:
                return True
    return False


@pytest.mark.parametrize("name", list(DAEMONS))
def test_a_daemon_does_not_outlive_its_command(name: str, sandbox: Any, world: World) -> None:
    seconds = f"7{os.getpid()}{list(DAEMONS).index(name)}{'12'[sandbox.tier == 'landlock']}"
    command = DAEMONS[name].format(seconds=seconds)
    if name != "changes its limit":  # without the filter prlimit simply works; the rest is the same
        control = subprocess.Popen(["/bin/sh", "-c", command], stdout=subprocess.DEVNULL)
        control.wait()
        assert sleeping(seconds)
        subprocess.run(["pkill", "-9", "-x", "-f", f"(/bin/)?sleep {seconds}"], check=False)
    result = run(sandbox, world, command)
    assert not result.timed_out
    assert not sleeping(seconds)


def test_a_pipe_fails_with_any_part_of_it(sandbox: Any, world: World) -> None:
    for box in (sandbox, UnsafeSandbox()):
        assert run(box, world, "(echo 2 failed; exit 3) | tail -1").exit_code == 3
        assert run(box, world, "echo done | tail -1").exit_code == 0
        assert run(box, world, "yes | head -1").exit_code == 128 + signal.SIGPIPE


def test_cancel_all_ends_what_runs_now(sandbox: Any, world: World) -> None:
    results: list[CommandResult] = []
    commands = [f"touch started.{number}; trap '' TERM; sleep 60; sleep 60" for number in range(3)]
    threads = [
        threading.Thread(target=lambda command=command: results.append(run(sandbox, world, command)))
        for command in commands
    ]
    for thread in threads:
        thread.start()
    while len(list(world.wt.glob("started.*"))) < 3:
        time.sleep(0.02)
    sandbox.cancel_all()
    for thread in threads:
        thread.join()
    assert [result.exit_code for result in results] == [-signal.SIGKILL] * 3
    assert max(result.seconds for result in results) < 50
    assert run(sandbox, world, "echo still usable").output == "still usable\n"


def test_a_working_directory_outside_is_refused(sandbox: Any, world: World) -> None:
    (world.wt / "out").symlink_to(world.root)
    assert run(sandbox, world, "pwd", cwd=Path("sub")).output.strip() == str(world.wt / "sub")
    for cwd in (Path("/"), Path(".."), world.root, Path("out")):
        with pytest.raises(Refused):
            run(sandbox, world, "pwd", cwd=cwd)


def test_what_cannot_be_run_is_a_usage_error(sandbox: Any, world: World) -> None:
    for command in ("echo \0", "x" * 200_000):
        with pytest.raises(UsageError):
            run(sandbox, world, command)
    with pytest.raises(UsageError):
        run(sandbox, world, "true", worktree=world.root / "nowhere")


def test_running_a_command_leaves_this_process_free(sandbox: Any, world: World, tmp_path: Path) -> None:
    run(sandbox, world, "true")
    (tmp_path / "free").write_text("x")
    status = Path("/proc/thread-self/status").read_text()
    assert "NoNewPrivs:\t0" in status
    before = len(os.listdir("/proc/self/fd")), threading.active_count()
    for _ in range(5):
        run(sandbox, world, "true")
    time.sleep(0.1)
    assert (len(os.listdir("/proc/self/fd")), threading.active_count()) == before


def test_commands_run_at_the_same_time(sandbox: Any, world: World) -> None:
    results: list[CommandResult] = []
    meet = "touch here.{0}; while [ $(ls here.* | wc -l) -lt 4 ]; do sleep 0.02; done; echo met"
    threads = [
        threading.Thread(
            target=lambda number=number: results.append(run(sandbox, world, meet.format(number)))
        )
        for number in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.output for result in results] == ["met\n"] * 4


# ---------------------------------------------------------------------------------- bubblewrap only

POINTER = {
    "rewrite": "echo 'gitdir: /tmp/evil' > .git",
    "remove": "rm -f .git",
    "move aside": "mv .git old && mkdir .git",
    "mode": "chmod 777 .git",
}


@pytest.mark.parametrize("name", list(POINTER))
def test_bubblewrap_keeps_the_git_pointer(name: str, bubblewrap: Any, new_world: Callable[[], World]) -> None:
    def changed(act: Callable[[World], object]) -> bool:
        world = new_world()
        before = (world.wt / ".git").stat().st_mode
        act(world)
        pointer = world.wt / ".git"
        return not pointer.is_file() or (pointer.read_text(), pointer.stat().st_mode) != (
            "gitdir: elsewhere\n",
            before,
        )

    assert changed(lambda world: subprocess.run(["/bin/sh", "-c", POINTER[name]], cwd=world.wt, check=True))
    assert not changed(lambda world: run(bubblewrap, world, POINTER[name]))


@pytest.mark.parametrize("name", ["rewrite", "remove", "move aside"])
def test_a_tier_that_cannot_keep_the_git_pointer_puts_it_back_and_fails_the_command(
    name: str, new_world: Callable[[], World]
) -> None:
    world = new_world()
    result = run(UnsafeSandbox(), world, POINTER[name])
    assert (world.wt / ".git").read_text() == "gitdir: elsewhere\n"
    assert result.exit_code != 0
    assert "devassist has put it back" in result.output


def test_bubblewrap_shows_no_process_of_the_host(bubblewrap: Any, world: World) -> None:
    result = run(
        bubblewrap,
        world,
        "ls -d /proc/[0-9]* | wc -l; grep -E 'Cap(Eff|Prm|Bnd)|NoNewPrivs|Seccomp:' /proc/self/status",
    )
    lines = result.output.split()
    assert int(lines[0]) < 10
    assert lines[1:] == [
        "CapPrm:",
        "0" * 16,
        "CapEff:",
        "0" * 16,
        "CapBnd:",
        "0" * 16,
        "NoNewPrivs:",
        "1",
        "Seccomp:",
        "2",
    ]


def test_bubblewrap_allows_servers_on_its_own_localhost(bubblewrap: Any, world: World) -> None:
    code = (
        'import socket; s = socket.create_server(("127.0.0.1", 0)); socket.create_connection(s.getsockname())'
    )
    result = run(bubblewrap, world, f"python3 -c '{code}'")
    assert result.exit_code == 0, result.output


def test_bubblewrap_gives_a_tmp_of_its_own(bubblewrap: Any, world: World) -> None:
    mine = Path(f"/tmp/da-own-{os.getpid()}")
    result = run(bubblewrap, world, f"echo x > {mine} && cat {mine} && ls /tmp | wc -l")
    assert result.output.startswith("x\n")
    assert not mine.exists()


def test_bubblewrap_leaves_modes_outside_alone(bubblewrap: Any, world: World) -> None:
    run(bubblewrap, world, f"chmod 777 {world.root}/home/.bashrc {world.root}/repo/.venv/pyvenv.cfg")
    assert (world.root / "home/.bashrc").stat().st_mode & 0o777 != 0o777
    assert (world.root / "repo/.venv/pyvenv.cfg").stat().st_mode & 0o777 != 0o777


def test_bubblewrap_masks_inside_the_worktree_too(bubblewrap: Any, world: World) -> None:
    (world.wt / "sub/secret").write_text(SECRET)
    (world.wt / "one").write_text(SECRET)
    result = run(
        bubblewrap,
        world,
        "ls sub; cat one sub/secret; echo x > sub/new",
        masked=(world.wt / "sub", world.wt / "one"),
    )
    assert SECRET not in result.output
    assert [path.name for path in (world.wt / "sub").iterdir()] == ["secret"]


def test_a_bubblewrap_that_cannot_start_is_an_error_and_not_a_result(
    bubblewrap: Any, world: World, tmp_path: Path
) -> None:
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    fake.chmod(0o755)
    with pytest.raises(SandboxUnavailable, match="No permissions"):
        run(BubblewrapSandbox(program=fake), world, "true")
    with pytest.raises(SandboxUnavailable):
        run(BubblewrapSandbox(program=tmp_path / "gone"), world, "true")


def killed_harness(box: str, world: World, seconds: str) -> None:
    code = (
        "import sys; from pathlib import Path; from devassist.ports import SandboxSpec; "
        f"from devassist.sandbox import {box}; w = Path(sys.argv[1]); "
        f"{box}().run('sleep {seconds}', SandboxSpec(worktree=w / 'wt', private=w / 'private', "
        "environment={'DEVASSIST_RUN': sys.argv[2]}), timeout_s=60)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    harness = subprocess.Popen([sys.executable, "-c", code, str(world.root), f"r{seconds}"], env=environment)
    deadline = time.monotonic() + 10
    while not sleeping(seconds) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert sleeping(seconds)
    harness.kill()
    harness.wait()


def test_bubblewrap_dies_with_a_killed_devassist(bubblewrap: Any, world: World) -> None:
    seconds = f"8{os.getpid()}1"
    killed_harness("BubblewrapSandbox", world, seconds)
    deadline = time.monotonic() + 2
    while sleeping(seconds) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not sleeping(seconds)


def test_what_a_killed_devassist_left_under_landlock_is_found_by_its_mark(
    landlock: Any, world: World
) -> None:
    seconds = f"8{os.getpid()}2"
    killed_harness("LandlockSandbox", world, seconds)
    assert kill_marked(f"DEVASSIST_RUN=r{seconds}") >= 1
    time.sleep(0.1)
    assert not sleeping(seconds)


def test_both_tiers_are_what_they_say() -> None:
    assert UnsafeSandbox().tier == "none"
    assert {BubblewrapSandbox.tier.fget(None), LandlockSandbox.tier.fget(None)} == {"bubblewrap", "landlock"}  # type: ignore[attr-defined]
