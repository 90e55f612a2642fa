"""What a tree proves: checks run on it in a detached worktree, remembered by tree, held against the base."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from devassist.domain.errors import Refused
from devassist.domain.events import Event, EventType
from devassist.domain.ids import worktree_name
from devassist.engine.context import RunContext
from devassist.engine.crews.run_worktrees import Places
from devassist.git.worktree.worktree import Worktree
from devassist.git.worktree.worktrees import detached_worktree, drop_detached

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


@dataclass
class Checks:
    """Runs checks on trees, one at a time in one detached worktree. A result is remembered by (tree, command)."""

    context: RunContext
    places: Places
    _known: dict[tuple[str, str], CheckRun] = field(default_factory=dict)
    _tree: Worktree | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def failures(
        self, commit: str, commands: Sequence[str], *, task: str
    ) -> tuple[Sequence[CheckRun], Sequence[CheckRun]]:
        """
        Run `commands` on `commit`: (failures that are new, failures that the base has as well).

        Raises Refused when tests there would import the main checkout's code.
        """
        with self._lock:
            ran = [self._check(commit, command, task=task, purpose="gate") for command in commands]
            failed = [one for one in ran if one.exit_code != 0]
            base = self.context.request.base
            at_base = {
                one.command: self._check(base, one.command, task=task, purpose="base") for one in failed
            }
        new = [one for one in failed if at_base[one.command].exit_code == 0]
        old = [one for one in failed if at_base[one.command].exit_code != 0]
        return new, old

    def close(self) -> None:
        if self._tree is not None:
            self._tree.reset_to(self.context.request.base)
            self._tree.remove()
            self._tree = None

    def _check(self, commit: str, command: str, *, task: str, purpose: str) -> CheckRun:
        tree = self.context.repository.tree_of(commit)
        known = self._known.get((tree, command))
        if known is not None:
            if purpose == "gate":  # the record of this task's gate still needs the result
                data = {"command": command, "purpose": purpose, "exit_code": known.exit_code, "cached": True}
                self.context.journal.record(Event(type=EventType.COMMAND_RAN, task=task, data=data))
            return known
        worktree = self._worktree_at(commit, task=task)
        private = self.places.private("integration")
        result = self.places.command(command, worktree, private, task=task, agent="", purpose=purpose)
        run = CheckRun(command=command, exit_code=result.exit_code, tail=result.output[-1200:].strip())
        self._known[tree, command] = run
        return run

    def _worktree_at(self, commit: str, *, task: str) -> Path:
        context = self.context
        private = self.places.private("integration")
        private.mkdir(parents=True, exist_ok=True)
        if self._tree is None:
            path = context.worktrees / "integration"
            name = worktree_name(context.run, "integration")
            if context.request.resumed:
                drop_detached(context.repository, name=name, path=path)
            self._tree = detached_worktree(context.repository, name=name, path=path, commit=commit)
            self.places.set_up(path, private, task=task, agent="")
        else:
            self._tree.reset_to(commit)
        self._refuse_leak(self._tree.path, private, task=task)
        return self._tree.path

    def _refuse_leak(self, worktree: Path, private: Path, *, task: str) -> None:
        """Only asked where an editable install points into the main checkout: a green there would prove nothing."""
        leaks = self.context.leaks()
        if not leaks:
            return
        result = self.places.command(
            _LEAK_PROBE, worktree, private, task=task, agent="", purpose="leak-probe"
        )
        found = [line for line in result.output.splitlines() if line.startswith("LEAK ")]
        if found:
            name, _, origin = found[0][5:].partition(" ")
            raise Refused(
                f"tests in a worktree would import {name} from {origin}: {leaks[0]}",
                hint="Uninstall the editable install, or give each worktree its own environment by [checks] setup",
            )
