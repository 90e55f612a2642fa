"""Tier none: a plain process in the worktree. Only for a person who said --unsafe-no-sandbox."""

from __future__ import annotations

from dataclasses import dataclass, field

from devassist.domain.errors import SandboxUnavailable
from devassist.domain.statuses import SandboxTier
from devassist.ports import CommandResult, SandboxSpec
from devassist.sandbox.git_view import guarded_pointer
from devassist.sandbox.process import GATE, LiveCommands, Process, new_mark, run_to_end, spawn
from devassist.sandbox.profile import environment_with_git, prepare
from devassist.sandbox.shell import shell


@dataclass(frozen=True)
class UnsafeSandbox:
    """Runs commands as this user, with the given environment and nothing else held back."""

    live: LiveCommands = field(default_factory=LiveCommands)

    @property
    def tier(self) -> SandboxTier:
        return SandboxTier.NONE

    def run(self, command: str, spec: SandboxSpec, *, timeout_s: float) -> CommandResult:
        """Run `command` by a shell, with pipefail, in the worktree of `spec`."""
        prepared = prepare(command, spec)
        mark = new_mark()
        argv = (*GATE, *shell(prepared.command))

        environment = environment_with_git(prepared)

        def start() -> Process:
            try:
                return spawn(argv, cwd=prepared.cwd, environment=environment, mark=mark)
            except OSError as error:
                raise SandboxUnavailable(f"The command could not be started: {error}") from error

        with guarded_pointer(prepared.worktree, prepared.private) as guarded:
            result = run_to_end(start, self.live, mark, timeout_s=timeout_s, gated=True)
        return guarded.judged(result)

    def cancel_all(self) -> None:
        """Kill every command of this object that runs now."""
        self.live.kill_all()
