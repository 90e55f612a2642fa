"""Runs commands on trees that are not checked out: in a warm directory of the pool, sandboxed and recorded."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from devassist.app.wiring.project import Project
from devassist.app.wiring.recording import open_log
from devassist.app.wiring.sandbox import probe_sandbox
from devassist.domain.errors import Unfinished
from devassist.domain.events import CommandIntended, CommandRan, Event
from devassist.domain.findings import last_lines
from devassist.domain.hashing import digest
from devassist.domain.ledger import Ledger
from devassist.domain.statuses import Purpose, SandboxTier
from devassist.evidence.observation import Observation, ReadFile, observe
from devassist.git.merging.scratch import ScratchObjects
from devassist.git.pool.pool import Slot, TreePool
from devassist.git.worktree.packages import lend_packages, package_directories
from devassist.ports import CommandResult, Sandbox, SandboxSpec
from devassist.sandbox.editable import editable_leak, site_packages
from devassist.sandbox.probe import require
from devassist.sandbox.toolchain import (
    WITHOUT_NETWORK,
    command_environment,
    command_path,
    toolchain_directories,
)
from devassist.store.audit_log import AuditLog

_ANSWER = "answer"
_LARGEST_ANSWER = 50_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """How a command ended, its standard output, and the directory that it saw the tree in."""

    result: CommandResult
    stdout: str
    root: str


@dataclass
class Workshop:
    """Runs commands on trees; `opened` makes one. Every command is recorded before it starts and after it ends."""

    project: Project
    pool: TreePool
    log: AuditLog
    path: str
    read_only: tuple[Path, ...]
    commands_run: int = 0

    @cached_property
    def sandbox(self) -> Sandbox:
        """Probed when the first command needs it. Raises SandboxUnavailable if there is none."""
        return require(probe_sandbox(self.project))

    @property
    def surroundings(self) -> str:
        """A digest of everything beside the tree that can change how a command ends."""
        settings = self.project.settings
        return digest(
            [
                settings.checks.setup,
                settings.checks.timeout_s,
                settings.sandbox.network,
                self.path,
                sys.version,
            ]
        )

    def check(self, tree: str, command: str, *, read: ReadFile) -> tuple[Ledger, str]:
        """A check's ledger on exactly `tree`, and its output. `read` reads the tree's text files."""
        with self._at(tree) as slot:
            root, private = slot.tree.root, slot.private
            scratch = private / "tmp"
            scratch.mkdir(parents=True, exist_ok=True)
            results = Path(tempfile.mkdtemp(prefix="ledger-", dir=scratch))
            environment = self._environment(root, private)
            observation = observe(command, read=read, environment=environment, results=results)
            result = self._ran(slot, command, Purpose.CONFLICTS, observation)
            return observation.ledger(result, tree=root), result.output

    def answer(self, tree: str, command: str, *, purpose: Purpose) -> Answer:
        """As `run`, with everything that the command wrote to standard output."""
        with self._at(tree) as slot:
            result = self._ran(slot, f'{command} > "$TMPDIR/{_ANSWER}"', purpose)
            return Answer(result, _read(slot.private / "tmp" / _ANSWER), str(slot.tree.root))

    @contextmanager
    def _at(self, tree: str) -> Iterator[Slot]:
        with self.pool.at(tree) as slot:
            lend_packages(self.project.repository, slot.tree.root)
            self._set_up(slot, tree)
            yield slot

    def _set_up(self, slot: Slot, tree: str) -> None:
        """Runs `[checks] setup` once in each directory; what it creates beside the tree stays there."""
        commands = self.project.settings.checks.setup
        marker, wanted = slot.directory / "setup", digest(list(commands))
        if not commands or (marker.exists() and marker.read_text("ascii") == wanted):
            return
        for command in commands:
            result = self._ran(slot, command, Purpose.SETUP)
            if result.exit_code != 0:
                tail = last_lines(result.output)
                raise Unfinished(f"setup command {command!r} ended with {result.exit_code}\n{tail}")
        slot.tree.sweep(keep_new=True)
        slot.tree.point(tree)
        slot.tree.record.used = True
        marker.write_text(wanted, "ascii")

    def _ran(
        self, slot: Slot, command: str, purpose: Purpose, observation: Observation | None = None
    ) -> CommandResult:
        root, tier = slot.tree.root, self.sandbox.tier
        intent = CommandIntended(command=command, purpose=purpose, tier=tier, cwd=str(root))
        self.log.record(Event(intent))
        run, spec = command, self._spec(root, slot.private)
        if observation is not None:
            run = observation.run
            spec = replace(
                spec,
                environment={**spec.environment, **observation.environment},
                read_only=[*spec.read_only, *observation.read_only],
            )
        result = self.sandbox.run(run, spec, timeout_s=self.project.settings.checks.timeout_s)
        self.commands_run += 1
        ran = CommandRan(
            command=command,
            purpose=purpose,
            tier=tier,
            cwd=str(root),
            exit_code=result.exit_code,
            output=result.output,
            seconds=round(result.seconds, 3),
            timed_out=result.timed_out,
            unsafe=tier is SandboxTier.NONE,
        )
        self.log.record(Event(ran))
        return result

    def _spec(self, root: Path, private: Path) -> SandboxSpec:
        repository = self.project.repository
        return SandboxSpec(
            worktree=root,
            private=private,
            read_only=self.read_only,
            masked=[repository.root, repository.common_dir],
            environment=self._environment(root, private),
            network=self.project.settings.sandbox.network,
        )

    def _environment(self, root: Path, private: Path) -> Mapping[str, str]:
        repository = self.project.repository.root
        extra = dict[str, str]() if self.project.settings.sandbox.network else dict(WITHOUT_NETWORK)
        if editable_leak(site_packages(self.path), repository):
            # The code of the tree takes precedence over that of an editable install.
            extra["PYTHONPATH"] = os.pathsep.join(str(root / one) for one in ("src", "."))
        return command_environment(
            self.project.host.environment,
            private=private,
            python_prefix=Path(sys.prefix),
            repository=repository,
            worktree=root,
            extra=extra,
        )


@contextmanager
def opened(project: Project, scratch: ScratchObjects) -> Iterator[Workshop]:
    """A workshop for trees of `scratch` and of the repository."""
    repository = project.repository.root
    path = command_path(
        project.host.environment,
        python_prefix=Path(sys.prefix),
        repository=repository,
        worktree=project.worktrees,
    )
    read_only = [
        *toolchain_directories(path, repository=repository),
        *package_directories(project.repository),
    ]
    pool = TreePool(project.worktrees / "pool", scratch)
    try:
        with open_log(project) as log:
            yield Workshop(project, pool, log, path, tuple(read_only))
    finally:
        pool.close()


def _read(file: Path) -> str:
    """The file that a command wrote; it may have put anything in its place."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    with os.fdopen(descriptor, "rb") as opened_file:
        return opened_file.read(_LARGEST_ANSWER).decode("utf-8", "replace")
