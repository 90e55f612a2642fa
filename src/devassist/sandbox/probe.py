"""
Finds the sandbox that works here, by running the real profile: what must work, and what must not.

An installed bwrap or a kernel with Landlock proves nothing: containers and AppArmor refuse both in ways that
only show in use. Denials are judged by the state of the host, not by exit codes.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Final

from devassist.domain.errors import DevassistError, SandboxUnavailable
from devassist.domain.settings import SandboxMode
from devassist.domain.statuses import SandboxTier
from devassist.ports import Sandbox, SandboxSpec
from devassist.sandbox import landlock
from devassist.sandbox.bubblewrap import BubblewrapSandbox
from devassist.sandbox.landlock import LandlockSandbox
from devassist.sandbox.toolchain import toolchain_directories
from devassist.sandbox.unsafe import UnsafeSandbox

_TIMEOUT_S: Final = 20.0
_TIERS: Final[dict[SandboxTier, Callable[[], Sandbox]]] = {
    SandboxTier.BUBBLEWRAP: BubblewrapSandbox,
    SandboxTier.LANDLOCK: LandlockSandbox,
}
_CONNECT: Final = """
import socket, sys
open("tried", "w").close()
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1)
except OSError:
    pass
"""


@dataclass(frozen=True, slots=True)
class TierReport:
    """The result of one tier's probe; `detail` is a sentence."""

    tier: SandboxTier
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Probe:
    """
    The sandbox to use, or None.

    `tier` is NONE only by the person's flag; `reports` are of the tiers that were tried, in order; `missing` are
    guarantees that the chosen tier lacks, a sentence each.
    """

    sandbox: Sandbox | None
    tier: SandboxTier
    reports: tuple[TierReport, ...]
    missing: tuple[str, ...]


def choose(mode: SandboxMode, *, scratch: Path, allow_unsafe: bool = False) -> Probe:
    """
    The first tier of `mode` whose probe passes; `scratch` is a directory to try in.

    Only with `allow_unsafe`, if none passes, commands run without a sandbox.
    """
    reports: list[TierReport] = []
    for tier in _TIERS if mode == SandboxMode.AUTO else (SandboxTier(mode),):
        sandbox, report = _tried(tier, scratch)
        reports.append(report)
        if sandbox is not None:
            missing = landlock.missing_guarantees(landlock.abi()) if tier is SandboxTier.LANDLOCK else ()
            return Probe(sandbox, tier, tuple(reports), missing)
    if allow_unsafe:
        nothing = "Commands can read, change and send whatever this user can"
        return Probe(UnsafeSandbox(), SandboxTier.NONE, tuple(reports), (nothing,))
    return Probe(None, SandboxTier.ABSENT, tuple(reports), ())


def require(probe: Probe) -> Sandbox:
    """The probe's sandbox. Raises SandboxUnavailable, with the tiers tried, if there is none."""
    if probe.sandbox is None:
        tried = "; ".join(f"{report.tier}: {report.detail}" for report in probe.reports)
        raise SandboxUnavailable(
            f"No sandbox works here ({tried})",
            hint="Run 'devassist doctor' for what is missing, or accept commands with this user's full "
            "rights with --unsafe-no-sandbox",
        )
    return probe.sandbox


def _tried(tier: SandboxTier, scratch: Path) -> tuple[Sandbox | None, TierReport]:
    try:
        sandbox = _TIERS[tier]()
        fault = _fault(sandbox, scratch)
    except (DevassistError, OSError) as error:
        return None, TierReport(tier, ok=False, detail=str(error))
    if fault:
        return None, TierReport(tier, ok=False, detail=fault)
    detail = "a write inside worked; a write outside, a masked file and the network were denied"
    return sandbox, TierReport(tier, ok=True, detail=detail)


def _fault(sandbox: Sandbox, scratch: Path) -> str:
    """The fault of `sandbox`, or an empty string."""
    with _scene(scratch) as scene, _listener() as listener:
        port = listener.getsockname()[1]
        python = Path(sys.executable)
        worktree, outside = scene / "worktree", scene / "outside"
        secret = secrets.token_hex(8)
        readable = scene / "readable"
        (readable / "shown").write_text(secret)
        (readable / "masked").write_text(secret)
        (outside / "file").write_text("unchanged")
        path = os.pathsep.join((str(python.parent), str(python.resolve().parent), "/usr/bin", "/bin"))
        spec = SandboxSpec(
            worktree=worktree,
            private=scene / "private",
            read_only=(readable, *toolchain_directories(path, repository=scene)),
            masked=(readable / "masked",),
            environment={"PATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        (worktree / "connect.py").write_text(_CONNECT)
        script = (
            f"cat {quote(f'{readable}/shown')} > inside; cat {quote(f'{readable}/masked')} > leak; "
            f"echo x > {quote(f'{outside}/file')}; echo x > {quote(f'{outside}/new')}; "
            f"{quote(str(python))} -I -S connect.py {port}"
        )
        result = sandbox.run(script, spec, timeout_s=_TIMEOUT_S)
        contents = {name: _content(worktree / name) for name in ("inside", "leak", "tried")}
        last_words = result.output.strip()[-200:]
        if contents["inside"] != secret:
            return f"a command could not read and write what it must: {last_words}"
        if contents["leak"]:
            return "a command could read a masked file"
        if _content(outside / "file") != "unchanged" or (outside / "new").exists():
            return "a command could write outside its worktree"
        if contents["tried"] is None:
            return f"whether the network is closed could not be tried: {last_words}"
        if _was_reached(listener):
            return "a command could reach a server on this machine"
        return ""


@contextlib.contextmanager
def _scene(scratch: Path) -> Iterator[Path]:
    scratch.mkdir(parents=True, exist_ok=True)
    scene = Path(tempfile.mkdtemp(prefix="probe-", dir=scratch)).resolve()
    try:
        for name in ("worktree", "private", "outside", "readable"):
            (scene / name).mkdir()
        yield scene
    finally:
        shutil.rmtree(scene, ignore_errors=True)


@contextlib.contextmanager
def _listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)  # noqa: FBT003 - socket's own signature
        yield server


def _was_reached(listener: socket.socket) -> bool:
    try:
        connection, _ = listener.accept()
    except BlockingIOError:
        return False
    connection.close()
    return True


def _content(path: Path) -> str | None:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return None
