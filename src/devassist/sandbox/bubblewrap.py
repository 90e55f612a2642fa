"""
Tier A: bubblewrap with every namespace, no capability and a seccomp filter.

The command's world is an empty read-only root onto which only what it needs is bound. Of two overlapping
paths the deeper one wins, so a venv inside a masked checkout is there and the checkout is not.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from devassist.domain.errors import SandboxUnavailable
from devassist.domain.statuses import SandboxTier
from devassist.ports import CommandResult, SandboxSpec
from devassist.sandbox import profile, seccomp
from devassist.sandbox.mounts import Mount, Way, layout, links
from devassist.sandbox.process import LARGEST_FILE, LiveCommands, Process, new_mark, run_to_end, spawn
from devassist.sandbox.profile import Prepared, prepare
from devassist.sandbox.shell import shell
from devassist.sandbox.sweep import VARIABLE, wait_until_gone

# Never looked up on PATH: the first entries of it may lie in the repository.
_PROGRAM_DIRECTORIES: Final = ("/usr/bin", "/usr/local/bin", "/bin")
_PROCESSES: Final = 4096
_NAMESPACES: Final = (
    "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
    "--die-with-parent", "--new-session", "--cap-drop", "ALL",
)  # fmt: skip
_PRLIMIT: Final = "/usr/bin/prlimit"


def find_program() -> Path | None:
    """bwrap's absolute path, from the system's directories only."""
    for directory in _PROGRAM_DIRECTORIES:
        path = Path(directory, "bwrap")
        if path.is_file() and os.access(path, os.X_OK):
            return path
    return None


@dataclass(frozen=True)
class BubblewrapSandbox:
    """Runs commands under bubblewrap; its program is found once, when the object is made."""

    program: Path | None = field(default_factory=find_program)
    live: LiveCommands = field(default_factory=LiveCommands)

    def __post_init__(self) -> None:
        if self.program is None:
            raise SandboxUnavailable(
                f"bwrap is in none of {', '.join(_PROGRAM_DIRECTORIES)}",
                hint="Install the package 'bubblewrap', then run 'devassist doctor'",
            )

    @property
    def tier(self) -> SandboxTier:
        return SandboxTier.BUBBLEWRAP

    def run(self, command: str, spec: SandboxSpec, *, timeout_s: float) -> CommandResult:
        """Run `command` by a shell, with pipefail, in `spec`."""
        prepared = prepare(command, spec)
        mark = new_mark()
        with contextlib.ExitStack() as open_files:
            code = _memory_file(open_files, "seccomp", _filter(prepared))
            pointer = _memory_file(open_files, "gitfile", prepared.git.pointer) if prepared.git else None
            options = [
                *_arguments(prepared, pointer),
                "--setenv",
                VARIABLE,
                mark.token,
                "--seccomp",
                str(code),
            ]
            # By descriptor, not on the command line: `ps` would show the environment to everybody.
            listed = _memory_file(
                open_files, "bwrap-options", "\0".join(options).encode(errors="surrogateescape")
            )
            status_in, status_out = os.pipe()
            open_files.callback(os.close, status_in)
            argv = (str(self.program), "--args", str(listed), "--json-status-fd", str(status_out))

            def start() -> Process:
                # From the caller's own thread: bwrap dies with the thread that started it, and this
                # one waits here until the command has ended.
                try:
                    return spawn(
                        (*argv, "--", *_limits(), *shell(prepared.command)),
                        cwd=Path("/"), environment=_marks(prepared.environment), mark=mark,
                        pass_fds=(code, listed, status_out, *(() if pointer is None else (pointer,))),
                    )  # fmt: skip
                except OSError as error:
                    raise SandboxUnavailable(
                        f"{self.program} could not be started: {error}", hint="Run 'devassist doctor'"
                    ) from error
                finally:
                    os.close(status_out)

            result = run_to_end(start, self.live, mark, timeout_s=timeout_s, gated=False)
            report = _read_status(status_in)
            # bwrap returns a moment before the namespace's first process has taken all others with it.
            if "child-pid" in report:
                wait_until_gone(report["child-pid"])
            if result.exit_code >= 0 and not result.timed_out and "exit-code" not in report:
                raise SandboxUnavailable(
                    f"bubblewrap could not set up its namespaces: {result.output.strip()[-400:]}",
                    hint="Run 'devassist doctor'",
                )
            return result

    def cancel_all(self) -> None:
        """Kill every command of this object that runs now."""
        self.live.kill_all()


def _marks(environment: Mapping[str, str]) -> Mapping[str, str]:
    """
    The environment of bwrap itself: the run's mark, and nothing else of the command's environment.

    When bwrap is killed between its clone and its child's request to die with it, the child waits forever.
    """
    return {name: value for name, value in environment.items() if name.startswith("DEVASSIST_")}


def _filter(prepared: Prepared) -> bytes:
    # With the host's network namespace come its abstract unix sockets, which no mount can hide.
    sockets = seccomp.Sockets.INTERNET if prepared.network else seccomp.Sockets.OWN_NAMESPACE
    return seccomp.filter_program(sockets)


def _limits() -> tuple[str, ...]:
    # Set inside: outside, the process limit would count everything this user runs.
    if not Path(_PRLIMIT).is_file():
        return ()
    return (_PRLIMIT, f"--nproc={_PROCESSES}", f"--fsize={LARGEST_FILE}", "--core=0", "--")


def _arguments(prepared: Prepared, pointer: int | None) -> Iterator[str]:
    yield from _NAMESPACES
    if not prepared.network:
        yield "--unshare-net"
    yield from ("--tmpfs", "/tmp", "--dev", "/dev", "--proc", "/proc")  # noqa: S108 - one of its own
    mounts = layout(_wanted(prepared), prepared.masked)
    masks = [mount.path for mount in mounts if mount.way is Way.MASK and mount.path.is_dir()]
    for mount in mounts:
        yield from _mount(mount)
    if pointer is not None:
        # From memory: a file that the agent can write might be a link by now, and bwrap would bind what it leads to.
        yield from ("--ro-bind-data", str(pointer), str(prepared.worktree / ".git"))
    for link, target in links(_literal(prepared), mounts):
        yield from ("--symlink", target, link)
    for mask in masks:
        yield from ("--remount-ro", str(mask))
    # So that a write outside says so, rather than land in a root that is gone a moment later.
    yield from ("--remount-ro", "/", "--chdir", str(prepared.cwd), "--clearenv")
    for name, value in prepared.environment.items():
        yield from ("--setenv", name, value)


def _mount(mount: Mount) -> Sequence[str]:
    path = str(mount.path)
    match mount.way:
        case Way.READ:
            return ("--ro-bind", path, path)
        case Way.WRITE:
            return ("--bind", path, path)
        case Way.MASK if mount.path.is_dir():
            return ("--tmpfs", path)
        case Way.MASK:
            return ("--ro-bind", "/dev/null", path)


def _literal(prepared: Prepared) -> Sequence[Path]:
    network = profile.ETC_NETWORK if prepared.network else ()
    return [Path(path) for path in (*profile.SYSTEM, *profile.ETC, *network)] + list(prepared.read_only)


def _wanted(prepared: Prepared) -> Iterator[Mount]:
    for path in _literal(prepared):
        if path.exists():
            yield Mount(Way.READ, path.resolve())
    yield Mount(Way.WRITE, prepared.private)
    yield Mount(Way.WRITE, prepared.worktree)
    if prepared.git is not None:
        yield from (Mount(Way.READ, store) for store in prepared.git.objects)
        return
    pointer = prepared.worktree / ".git"
    # A link is left alone: bound over, it would lead to whatever it points at.
    if pointer.exists() and not pointer.is_symlink():
        yield Mount(Way.READ, pointer)


def _memory_file(open_files: contextlib.ExitStack, name: str, content: bytes) -> int:
    descriptor = os.memfd_create(name)
    open_files.callback(os.close, descriptor)
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _read_status(status: int) -> Mapping[str, int]:
    """bwrap's report on its child; it has an `exit-code` only if the command itself was started."""
    report: dict[str, int] = {}
    for line in os.read(status, 1 << 16).decode(errors="replace").splitlines():
        report.update(json.loads(line) if line.strip() else {})
    return report
