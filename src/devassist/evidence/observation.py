"""Runs nothing itself: what a command needs around it so that its test runner reports, and what it reported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from devassist.domain.ledger import Ledger
from devassist.evidence.failure_lines import failure_lines
from devassist.ports import CommandResult

ReadFile = Callable[[str], str | None]
"""Path in the tree -> its text, or None if there is no such text file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """
    How to run `command` so that its test runners report case by case.

    `run` is what to run instead of it, the same command where nothing has to be added; `environment` goes over the
    command's own; `read_only` are directories the sandbox must show; `results` is where the runners write, a new and
    empty directory in the command's own scratch directory.
    """

    command: str
    run: str
    results: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    read_only: tuple[Path, ...] = ()

    def ledger(self, result: CommandResult, *, tree: Path) -> Ledger:
        """What the command's end and its runners' reports say. `tree` is the directory of the worktree it ran in."""
        return Ledger(
            command=self.command,
            exit_code=result.exit_code,
            failures=failure_lines(result.output, tree=tree),
        )


def observe(command: str, *, read: ReadFile, environment: Mapping[str, str], results: Path) -> Observation:  # noqa: ARG001
    """How to run a check. `read` sees the tree it will run on; `environment` is what it would get."""
    return Observation(command=command, run=command, results=results)
