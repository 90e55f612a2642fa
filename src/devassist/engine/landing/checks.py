"""What a tree proves: checks run on it in a detached worktree, cached by tree, and compared with the base."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from devassist.domain.errors import Refused
from devassist.domain.events import CommandRan, Event
from devassist.domain.ids import worktree_name
from devassist.domain.statuses import Purpose
from devassist.engine.context import RunContext
from devassist.engine.crews.harness_commands import CommandPlace, HarnessCommands, private_directory
from devassist.git.worktree.worktree import Worktree
from devassist.git.worktree.worktrees import detached_worktree, drop_detached

_AGENT = "integration"
"""Stands for an agent in the names of the worktree and of its scratch directory."""

# Names the top-level packages of the worktree whose import would come from somewhere else.
_LEAK_PROBE = """python - <<'END'
import importlib.util, os, sys
here = os.path.realpath(os.getcwd())
for root in ("src", "."):
    for name in sorted(os.listdir(root)) if os.path.isdir(root) else ():
        if not os.path.isfile(os.path.join(root, name, "__init__.py")) or name in ("tests", "test"):
            continue
        try:
            spec = importlib.util.find_spec(name)
        except Exception:
            continue
        origin = os.path.realpath(spec.origin) if spec and spec.origin else ""
        if origin and not origin.startswith(here + os.sep):
            print(f"LEAK {name} {origin}")
END"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRun:
    """One check on one tree; `tail` is the end of its output."""

    command: str
    exit_code: int
    tail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """The checks that fail on a tree: those that pass on the base, and those that fail there as well."""

    new: Sequence[CheckRun]
    old: Sequence[CheckRun]


@dataclass
class Checks:
    """Runs checks on trees, one at a time in one detached worktree. A result is kept by (tree, command)."""

    context: RunContext
    _results: dict[tuple[str, str], CheckRun] = field(default_factory=dict)
    _worktree: Worktree | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    """Guards the worktree while checks run in it."""

    @property
    def _commands(self) -> HarnessCommands:
        return HarnessCommands(self.context)

    def failures(self, commit: str, commands: Sequence[str], *, task: str) -> Failures:
        """Run `commands` on `commit`. Raises Refused if tests there would import the main checkout's code."""
        base = self.context.request.base
        with self._lock:
            runs = [self._check(commit, command, task=task, purpose=Purpose.GATE) for command in commands]
            failed = [run for run in runs if run.exit_code != 0]
            at_base = {
                run.command: self._check(base, run.command, task=task, purpose=Purpose.BASE) for run in failed
            }
        return Failures(
            new=[run for run in failed if at_base[run.command].exit_code == 0],
            old=[run for run in failed if at_base[run.command].exit_code != 0],
        )

    def close(self) -> None:
        """Remove the worktree, if there is one."""
        if self._worktree is not None:
            self._worktree.reset_to(self.context.request.base)
            self._worktree.remove()
            self._worktree = None

    def _check(self, commit: str, command: str, *, task: str, purpose: Purpose) -> CheckRun:
        tree = self.context.repository.tree_of(commit)
        earlier = self._results.get((tree, command))
        if earlier is not None:
            if purpose is Purpose.GATE:  # the record of this task's gate still needs the result
                ran = CommandRan(command=command, purpose=purpose, exit_code=earlier.exit_code, cached=True)
                self.context.journal.record(Event(ran, task=task))
            return earlier
        place = self._place(self._worktree_at(commit, task=task), task)
        result = self._commands.run(command, place, purpose=purpose)
        run = CheckRun(command=command, exit_code=result.exit_code, tail=result.output[-1200:].strip())
        self._results[tree, command] = run
        return run

    def _place(self, worktree: Path, task: str) -> CommandPlace:
        private = private_directory(self.context, _AGENT)
        private.mkdir(parents=True, exist_ok=True)
        return CommandPlace(worktree=worktree, private=private, task=task)

    def _worktree_at(self, commit: str, *, task: str) -> Path:
        context = self.context
        if self._worktree is None:
            path, name = context.worktrees / _AGENT, worktree_name(context.run, _AGENT)
            if context.request.resumed:
                drop_detached(context.repository, name=name, path=path)
            self._worktree = detached_worktree(context.repository, name=name, path=path, commit=commit)
            self._commands.set_up(self._place(path, task))
        else:
            self._worktree.reset_to(commit)
        self._refuse_leak(self._place(self._worktree.path, task))
        return self._worktree.path

    def _refuse_leak(self, place: CommandPlace) -> None:
        """Only if an editable install points into the main checkout: a green there would prove nothing."""
        leaks = self.context.leaks()
        if not leaks:
            return
        result = self._commands.run(_LEAK_PROBE, place, purpose=Purpose.LEAK_PROBE)
        lines = [line for line in result.output.splitlines() if line.startswith("LEAK ")]
        if lines:
            name, _, origin = lines[0][5:].partition(" ")
            raise Refused(
                f"tests in a worktree would import {name} from {origin}: {leaks[0]}",
                hint="Uninstall the editable install, or give each worktree its own environment by [checks] setup",
            )
