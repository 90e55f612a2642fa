"""Where agents work: one worktree and branch each, opened at an explicit commit, set up, and given back."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from devassist.domain.changes import directories_of, is_build_product
from devassist.domain.errors import NotFound, RepositoryChanged, Unfinished
from devassist.domain.events import Event, EventType, Record
from devassist.domain.ids import agent_id, branch_name, rescue_ref, worktree_name
from devassist.engine.context import RunContext
from devassist.git.objects.identity import Signature
from devassist.git.worktree.listing import copy_untracked
from devassist.git.worktree.worktree import Worktree
from devassist.git.worktree.worktrees import clear_unfinished, find_worktree, open_worktree
from devassist.ports import CommandResult, SandboxSpec


@dataclass
class Places:
    """The open worktrees of one run. `products` are the directories that the base tracks, for the product rule."""

    context: RunContext
    _open: dict[str, Worktree] = field(default_factory=dict)
    _tracked: frozenset[str] | None = None
    _given: dict[str, dict[str, str]] = field(default_factory=dict)
    _copied: dict[str, frozenset[str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def private(self, agent: str) -> Path:
        """Scratch directory of an agent: HOME, TMPDIR and caches of its commands."""
        return self.context.worktrees / ".private" / agent

    def open(self, task: str, role: str, commit: str) -> Worktree:
        """The agent's worktree at `commit`: made at first need, brought up to date in later rounds."""
        agent = agent_id(task, role)
        present = self._open.get(agent)
        if present is not None:
            present.check()
            if not self.context.repository.is_ancestor(present.head_commit, commit):
                # A commit that nobody recorded: it is kept under a rescue ref, and the agent begins beside it.
                del self._open[agent]
                return self._make(agent, branch_name(self.context.run, task, role), commit, task)
            if present.head_commit != commit or self._changed(present) != self.given(agent):
                present.fast_forward(commit, rescue_ref=rescue_ref(self.context.run, agent))
                self._furnish(present, agent, task)  # what it was given was swept away with the leftovers
            return present
        return self._make(agent, branch_name(self.context.run, task, role), commit, task)

    def again(self, task: str, role: str) -> Worktree:
        """The worktree of an agent that was at work before, as it was left. Raises NotFound when it is gone."""
        agent = agent_id(task, role)
        present = self._open.get(agent)
        if present is None:
            raise NotFound(
                f"the worktree of {agent} is gone", hint=f"devassist retry {self.context.run} {task}"
            )
        present.check()
        return present

    def adopt(self, task: str, role: str, furnished: Record | None) -> None:
        """Take over what an earlier supervisor opened; `furnished` is the worktree.furnished of it, if any."""
        agent = agent_id(task, role)
        if self._left_behind(agent, branch_name(self.context.run, task, role)) is None:
            return
        given = furnished.data if furnished is not None else {}
        self._copied[agent] = frozenset(given.get("copied", ()))
        self._given[agent] = dict(given.get("given", {}))

    def _left_behind(self, agent: str, branch: str) -> Worktree | None:
        """The agent's worktree as an earlier supervisor of this run opened it, or None."""
        context = self.context
        if not context.request.resumed:
            return None
        try:
            found = find_worktree(
                context.repository,
                name=worktree_name(context.run, agent),
                path=context.worktrees / agent,
                branch=branch,
            )
        except (NotFound, RepositoryChanged):
            return None
        self._open[agent] = found
        return found

    def of(self, task: str, role: str) -> Worktree:
        return self._open[agent_id(task, role)]

    def changes(self, worktree: Worktree, written: Collection[str] = ()) -> dict[str, str]:
        """Path -> content id of the change set without build products; '' where the path is gone."""
        tracked = self.tracked_directories()
        given = next((self.given(agent) for agent, one in self._open.items() if one is worktree), {})
        return {
            path: blob
            for path, blob in self._changed(worktree).items()
            if given.get(path) != blob and not is_build_product(path, tracked_tops=tracked, written=written)
        }

    def given(self, agent: str) -> Mapping[str, str]:
        """What differed from the commit before the agent began: copied in, or made by setup. Path -> content id."""
        return self._given.get(agent, {})

    def copied(self, agent: str) -> frozenset[str]:
        """The person's own untracked files that the worktree was given."""
        return self._copied.get(agent, frozenset())

    def _changed(self, worktree: Worktree) -> dict[str, str]:
        blobs = worktree.blobs()
        return {path: blobs.get(path, "") for path in worktree.changes().paths}

    def tracked_directories(self) -> frozenset[str]:
        with self._lock:
            if self._tracked is None:
                repository = self.context.repository
                self._tracked = directories_of(repository.paths_of(self.context.request.base))
            return self._tracked

    def spec(self, worktree: Path, private: Path) -> SandboxSpec:
        """The world of a command that the harness itself runs in a worktree."""
        context = self.context
        world = context.world(worktree, private)
        return SandboxSpec(
            worktree=worktree,
            private=private,
            read_only=world.read_only,
            masked=context.masked,
            environment=world.environment,
            cwd=worktree / context.request.prefix,
            network=context.settings.sandbox.network,
        )

    def set_up(self, worktree: Path, private: Path, *, task: str, agent: str) -> None:
        """Run `[checks] setup` in a new worktree. Raises Unfinished when one fails."""
        for command in self.context.settings.checks.setup:
            result = self.command(command, worktree, private, task=task, agent=agent, purpose="setup")
            if result.exit_code != 0:
                tail = result.output[-800:].strip()
                raise Unfinished(f"setup command {command!r} ended with {result.exit_code}: {tail}")

    def command(
        self, command: str, worktree: Path, private: Path, *, task: str, agent: str, purpose: str
    ) -> CommandResult:
        """Run one command of the harness in the sandbox, recorded before and after."""
        context = self.context
        assert context.sandbox is not None  # noqa: S101  the supervisor refuses such a run at its start
        base = {"command": command, "purpose": purpose, "tier": context.sandbox.tier, "cwd": str(worktree)}
        context.check_stop()
        context.journal.record(Event(type=EventType.COMMAND_INTENDED, task=task, agent=agent, data=base))
        spec = self.spec(worktree, private)
        result = context.sandbox.run(command, spec, timeout_s=context.settings.checks.timeout_s)
        ran = {
            **base,
            "exit_code": result.exit_code,
            "output": result.output,
            "seconds": round(result.seconds, 3),
            "timed_out": result.timed_out,
            "unsafe": context.sandbox.tier == "none",
        }
        context.journal.record(Event(type=EventType.COMMAND_RAN, task=task, agent=agent, data=ran))
        context.check_stop()
        return result

    def rescue(self) -> None:
        """Commit what is uncommitted in any open worktree to its rescue ref. Nothing is lost when a run ends early."""
        for agent, worktree in list(self._open.items()):
            ref = rescue_ref(self.context.run, agent)
            commit = worktree.snapshot(ref, by=self._signature())
            if commit is not None:
                task = agent.partition("/")[0]
                data = {"ref": ref, "commit": commit, "worktree": str(worktree.path)}
                self.context.journal.record(
                    Event(type=EventType.SNAPSHOT_TAKEN, task=task, agent=agent, data=data)
                )

    def give_back(self, merged: Sequence[str]) -> None:
        """Remove the worktrees of merged tasks when nothing in them would be lost; keep all others."""
        for agent, worktree in list(self._open.items()):
            task = agent.partition("/")[0]
            reason = "its task is not merged" if task not in merged else self._remove(worktree, agent)
            if reason:
                event = EventType.WORKTREE_KEPT
            else:
                event = EventType.WORKTREE_REMOVED
                shutil.rmtree(self.private(agent), ignore_errors=True)
                del self._open[agent]
            data = {"path": str(worktree.path), "branch": worktree.branch, "reason": reason or "merged"}
            self.context.journal.record(Event(type=event, task=task, agent=agent, data=data))

    def _make(self, agent: str, branch: str, commit: str, task: str) -> Worktree:
        context = self.context
        path = context.worktrees / agent
        data = {"path": str(path), "branch": branch, "commit": commit}
        context.journal.record(Event(type=EventType.WORKTREE_INTENDED, task=task, agent=agent, data=data))
        if context.request.resumed or path.exists():
            name = worktree_name(context.run, agent)
            clear_unfinished(context.repository, name=name, path=path, branch=branch, commit=commit)
        worktree = open_worktree(
            context.repository,
            name=worktree_name(context.run, agent),
            path=path,
            branch=branch,
            commit=commit,
            reason=f"devassist {context.run} {agent}",
        )
        self._open[agent] = worktree
        context.journal.record(Event(type=EventType.WORKTREE_OPENED, task=task, agent=agent, data=data))
        self._furnish(worktree, agent, task)
        return worktree

    def _furnish(self, worktree: Worktree, agent: str, task: str) -> None:
        """Copy the person's untracked files in and run setup; neither is the agent's change afterwards."""
        context = self.context
        wanted = context.settings.worktrees
        copied = copy_untracked(context.repository, worktree, wanted.copy, include=wanted.include)
        private = self.private(agent)
        private.mkdir(parents=True, exist_ok=True)
        self.set_up(worktree.path, private, task=task, agent=agent)
        self._copied[agent] = frozenset(copied)
        self._given[agent] = given = self._changed(worktree)
        if copied or given:
            data = {"path": str(worktree.path), "copied": copied, "given": given}
            context.journal.record(
                Event(type=EventType.WORKTREE_FURNISHED, task=task, agent=agent, data=data)
            )

    def _remove(self, worktree: Worktree, agent: str) -> str | None:
        """Why the worktree stays, or None. Products and what it was given are in the rescue ref by now."""
        ref = rescue_ref(self.context.run, agent)
        return worktree.remove(kept=[] if self.changes(worktree) else [ref])

    def _signature(self) -> Signature:
        return self.context.repository.signature(self.context.environment)
