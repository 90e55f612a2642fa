"""Whether a run may take the forkserver of an earlier one, and what such a forkserver must be made of."""

from __future__ import annotations

import os
import re
import resource
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import devassist
from devassist.app.wiring.host import Host
from devassist.crew.executor import Standby, WorkerWorld
from devassist.crew.process_mark import ROOM
from devassist.crew.standby import Waiting, find_waiting
from devassist.domain.hashing import digest
from devassist.domain.settings import WorkerSettings
from devassist.engine.stop import MARK
from devassist.sandbox.sweep import wait_until_gone

_SECRET: Final = re.compile(r"KEY|TOKEN|SECRET|PASS|CREDENTIAL|AUTH|COOKIE", re.IGNORECASE)
_USER_IN_URL: Final = re.compile(r"://[^/\s]*@")
_OF_A_TERMINAL: Final = re.compile(
    r"_|PWD|OLDPWD|SHLVL|COLUMNS|LINES|TERM.*|COLORTERM|COLORFGBG|WINDOWID|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|STY|PS1"
    r"|SSH_.*|TMUX.*|VTE_.*|GNOME_TERMINAL_.*|KITTY_.*|ITERM_.*|KONSOLE_.*|WT_.*|XDG_SESSION_.*|INVOCATION_ID|JOURNAL_STREAM"
    r"|ALACRITTY_.*|GHOSTTY_.*|WEZTERM_.*|ZELLIJ.*|VSCODE_.*|STARSHIP_.*|P9K_.*|DIRENV_.*|__MISE_.*|MISE_SHELL|GPG_TTY"
    r"|DBUS_SESSION_BUS_ADDRESS|DEVASSIST_.*|MANPATH|LS_COLORS|LESS.*|PAGER|EDITOR|VISUAL|HIST.*|PROMPT.*"
)
"""Variables that differ from terminal to terminal and mean nothing to what is imported."""
_OF_A_PROCESS: Final = ("NoNewPrivs:", "Seccomp:", "Groups:", "CapEff:", "CapBnd:")
_NAMESPACES: Final = ("mnt", "net", "user", "ipc", "uts")
_ROOM: Final = 512
_ONE_THREAD: Final = {"OPENBLAS_NUM_THREADS": "1"}
"""A library that CrewAI imports, and nobody here uses, would start a thread for each core, which waits busily."""


def standby_directory(host: Host) -> Path:
    """Where a forkserver waits. It is hidden from sandboxed commands, as all of the state directory is."""
    return host.state_dir / "standby"


def standby_of(host: Host, settings: WorkerSettings) -> Standby | None:
    """Where the run's forkserver may have waited and will wait; None if it is not to be kept, as never in CI."""
    in_ci = host.environment.get("CI", "").lower() not in ("", "0", "false")
    if not settings.keep_warm or in_ci or not sys.platform.startswith("linux"):
        return None
    return Standby(directory=standby_directory(host), key=_key(host.environment))


def find_standby(host: Host) -> Waiting | None:
    """The forkserver that waits for this user's next run."""
    return find_waiting(standby_directory(host))


def end_standby(host: Host) -> Waiting | None:
    """End the forkserver that waits for this user's next run, and return what it was."""
    waiting = find_standby(host)
    if waiting is not None:
        with suppress(ProcessLookupError):
            os.kill(waiting.pid, signal.SIGTERM)
        wait_until_gone(waiting.pid)
    return waiting


def worker_world(host: Host, run: str, directory: Path) -> WorkerWorld:
    """The world of a run's workers; its worktrees are in `directory`."""
    own = {MARK: run, "CREWAI_STORAGE_DIR": str(directory / ".crewai")}
    return WorkerWorld(
        run=run,
        environment={**host.environment, **own},
        import_environment={**_without_secrets(host.environment), **own, **_ONE_THREAD, ROOM: "_" * _ROOM},
        directory=directory / ".private",
        log=directory / "worker.log",
    )


def _without_secrets(environment: Mapping[str, str]) -> Mapping[str, str]:
    """`environment` without what is named like a secret, or holds the password of a URL."""
    return {
        name: value
        for name, value in environment.items()
        if not _SECRET.search(name) and not _USER_IN_URL.search(value)
    }


def _key(environment: Mapping[str, str]) -> str:
    """A digest of the code and of the circumstances that a forkserver was started in and cannot change."""
    variables = {
        name: value
        for name, value in _without_secrets(environment).items()
        if not _OF_A_TERMINAL.fullmatch(name)
    }
    numbers = sorted({number for name, number in vars(resource).items() if name.startswith("RLIMIT_")})
    limits = [resource.getrlimit(number) for number in numbers]
    return digest([_code(), variables, limits, sorted(_circumstances())])


def _code() -> list[object]:
    """What changes with an upgrade: interpreter, installed distributions, and devassist's own files."""
    root = Path(devassist.__file__).parent
    newest = max(entry.stat().st_mtime_ns for entry in root.rglob("*.py"))
    places = [path for path in sys.path if path.endswith("-packages")]
    stamps = [(path, os.stat(path).st_mtime_ns) for path in places if os.path.isdir(path)]  # noqa: PTH112, PTH116
    return [sys.version, sys.executable, sys.prefix, str(root), devassist.__version__, newest, stamps]


def _circumstances() -> Iterator[str]:
    """Control group, namespaces, privileges and the like: a run's workers must not escape from its own."""
    yield _text("/proc/self/cgroup")
    status = _text("/proc/self/status").splitlines()
    yield from (line for line in status if line.startswith(_OF_A_PROCESS))
    for name in _NAMESPACES:
        try:
            yield f"{name} {Path(f'/proc/self/ns/{name}').readlink()}"
        except OSError:
            continue
    yield f"nice {os.getpriority(os.PRIO_PROCESS, 0)}"
    yield f"cpus {sorted(os.sched_getaffinity(0))}"
    umask = next((line for line in status if line.startswith("Umask:")), "")
    yield umask


def _text(path: str) -> str:
    try:
        return Path(path).read_text("utf-8", "replace")
    except OSError:
        return ""
