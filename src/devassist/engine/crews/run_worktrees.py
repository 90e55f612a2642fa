"""
The worktrees that agents work in: one with its branch for each agent, opened at an explicit commit, set up, given back.

The registry is one map under one lock; its entries are values. An agent's entry is replaced only by the thread of its
task, and entries are removed by the coordinator once no task is at work any more.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from devassist.descent import remove_tree
from devassist.domain.changes import directories_of, is_build_product
from devassist.domain.errors import NotFound, RepositoryChanged
from devassist.domain.events import (
    Event,
    Fact,
    SnapshotTaken,
    WorktreeFurnished,
    WorktreeIntended,
    WorktreeKept,
    WorktreeOpened,
    WorktreeRemoved,
)
from devassist.domain.ids import agent_id, branch_name, rescue_ref, worktree_name
from devassist.domain.risks import unfit_to_land
from devassist.engine.context import RunContext
from devassist.engine.crews.harness_commands import HarnessCommands, private_directory
from devassist.git.objects.drivers import reason_of
from devassist.git.worktree.listing import copy_untracked
from devassist.git.worktree.packages import lend_packages
from devassist.git.worktree.worktree import Worktree
from devassist.git.worktree.worktrees import clear_unfinished, find_worktree, open_worktree


@dataclass(frozen=True, slots=True)
class AgentWorktree:
    """An open worktree, and what it had before its agent began, which is not the agent's change."""

    worktree: Worktree
    given: Mapping[str, str] = field(default_factory=dict)
    """What differed from the commit: copied in, or made by setup. Path -> content id."""
    copied: frozenset[str] = frozenset()
    """The person's own untracked files among them."""


@dataclass
class RunWorktrees:
    """The open worktrees of one run, by agent."""

    context: RunContext
    _agents: dict[str, AgentWorktree] = field(default_factory=dict)
    _tracked: frozenset[str] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    """Guards `_agents` and `_tracked`; nothing else is locked under it."""

    @property
    def commands(self) -> HarnessCommands:
        return HarnessCommands(self.context)

    def open(self, task: str, role: str, commit: str) -> Worktree:
        """The agent's worktree at `commit`: made when first needed, brought up to date in later rounds."""
        agent = agent_id(task, role)
        present = self._find(agent)
        if present is None:
            return self._make(agent, branch_name(self.context.run, task, role), commit)
        worktree = present.worktree
        worktree.check()
        if not self.context.repository.is_ancestor(worktree.head_commit, commit):
            # A commit that nobody recorded: it is kept under a rescue ref, and the agent begins beside it.
            return self._make(agent, branch_name(self.context.run, task, role), commit)
        if worktree.head_commit != commit or _changed(worktree) != present.given:
            worktree.fast_forward(commit, rescue_ref=rescue_ref(self.context.run, agent))
            self._furnish(worktree, agent)  # what it was given was swept away with the leftovers
        return worktree

    def reopen(self, task: str, role: str) -> Worktree:
        """The worktree of an agent that was at work before, as it was left. Raises NotFound when it is gone."""
        agent = agent_id(task, role)
        present = self._find(agent)
        if present is None:
            raise NotFound(
                f"the worktree of {agent} is gone", hint=f"devassist retry {self.context.run} {task}"
            )
        present.worktree.check()
        return present.worktree

    def adopt(self, task: str, role: str, furnished: WorktreeFurnished | None) -> None:
        """Take over what an earlier supervisor of the run opened, if it is still there."""
        context, agent = self.context, agent_id(task, role)
        if not context.request.resumed:
            return
        try:
            worktree = find_worktree(
                context.repository,
                name=worktree_name(context.run, agent),
                path=context.worktrees / agent,
                branch=branch_name(context.run, task, role),
            )
        except (NotFound, RepositoryChanged):
            return
        entry = AgentWorktree(worktree)
        if furnished is not None:
            entry = replace(entry, given=dict(furnished.given), copied=frozenset(furnished.copied))
        self._put(agent, entry)

    def of(self, agent: str) -> AgentWorktree:
        """What is open for an agent. Raises NotFound."""
        present = self._find(agent)
        if present is None:
            raise NotFound(f"the worktree of {agent} is not open")
        return present

    def changes(self, agent: str, written: Collection[str] = ()) -> dict[str, str]:
        """The agent's change set without build products: path -> content id, '' for a path that is gone."""
        present = self.of(agent)
        return self.changes_in(present.worktree, given=present.given, written=written)

    def changes_in(
        self, worktree: Worktree, *, given: Mapping[str, str] | None = None, written: Collection[str] = ()
    ) -> dict[str, str]:
        """As `changes`, for a worktree that is no task agent's; `given` is what is not counted."""
        tracked, own = self.tracked_directories(), given or {}
        return {
            path: blob
            for path, blob in _changed(worktree, written).items()
            if own.get(path) != blob and not is_build_product(path, tracked_tops=tracked, written=written)
        }

    def refuse_write(self, agent: str, path: str, *, written: Collection[str]) -> str:
        """
        Why what a write tool would write at `path` could not land; empty if it can.

        `written` are the paths that the task's write tools wrote before.
        """
        present = self.of(agent)
        worktree = present.worktree
        if path in present.copied:
            return "it is the person's own untracked file"
        if self.context.hidden_in(agent.partition("/")[0]).cover(path):
            return "it is private, and this task is not"
        tracked = worktree.tracks(path)
        if reason := unfit_to_land(path, tracked=tracked):
            return reason
        if submodule := worktree.submodule_above(path):
            return f"it is in the submodule {submodule}, which a run never changes"
        if driver := worktree.driver_of(path):
            return reason_of(driver)
        if tracked or path in written:
            return ""
        hidden = worktree.ignores(path) and (worktree.path / path).exists()
        if path in present.given or (hidden and self.context.settings.checks.setup):
            return "setup made it, and it is no part of the repository: a change of it would not land"
        return ""

    def tracked_directories(self) -> frozenset[str]:
        """The directories that the base tracks: nothing below them is a build product."""
        with self._lock:
            if self._tracked is None:
                repository = self.context.repository
                self._tracked = directories_of(repository.paths_of(self.context.request.base))
            return self._tracked

    def rescue(self) -> None:
        """Commit what is uncommitted in any open worktree to its rescue ref. Nothing is lost when a run ends early."""
        signature = self.context.repository.signature(self.context.environment)
        for agent, entry in self._snapshot().items():
            ref = rescue_ref(self.context.run, agent)
            written = self.context.journal.written_by_tools(agent.partition("/")[0])
            commit = entry.worktree.snapshot(ref, by=signature, named=written)
            if commit is not None:
                self._record(agent, SnapshotTaken(ref=ref, commit=commit, worktree=str(entry.worktree.path)))

    def give_back(self, merged: Collection[str]) -> None:
        """Remove the worktrees of merged tasks when nothing in them would be lost; keep all others."""
        for agent, entry in self._snapshot().items():
            path, branch = str(entry.worktree.path), entry.worktree.branch
            if agent.partition("/")[0] not in merged:
                self._record(agent, WorktreeKept(path=path, branch=branch, reason="its task is not merged"))
            elif reason := self._remove(agent, entry.worktree):
                self._record(agent, WorktreeKept(path=path, branch=branch, reason=reason))
            else:
                remove_tree(private_directory(self.context, agent))
                with self._lock:
                    del self._agents[agent]
                self._record(agent, WorktreeRemoved(path=path, branch=branch, reason="merged"))

    def _make(self, agent: str, branch: str, commit: str) -> Worktree:
        context = self.context
        name, path = worktree_name(context.run, agent), context.worktrees / agent
        self._record(agent, WorktreeIntended(path=str(path), branch=branch, commit=commit))
        if context.request.resumed or path.exists():
            clear_unfinished(context.repository, name=name, path=path, branch=branch, commit=commit)
        worktree = open_worktree(
            context.repository,
            name=name,
            path=path,
            branch=branch,
            commit=commit,
            reason=f"devassist {context.run} {agent}",
            hidden=context.hidden_in(agent.partition("/")[0]),
            base=context.request.base,
        )
        self._put(agent, AgentWorktree(worktree))
        self._record(agent, WorktreeOpened(path=str(path), branch=branch, commit=commit))
        self._furnish(worktree, agent)
        return worktree

    def _furnish(self, worktree: Worktree, agent: str) -> None:
        """Copy untracked files in, lend packages and run setup; none of it is the agent's change afterwards."""
        context = self.context
        settings = context.settings.worktrees
        task = agent.partition("/")[0]
        hidden = context.hidden_in(task)
        copied = copy_untracked(
            context.repository, worktree, settings.copy, include=settings.include, hidden=hidden
        )
        lend_packages(context.repository, worktree.path)
        self.commands.set_up(self.commands.place(worktree.path, task=task, agent=agent))
        given = _changed(worktree)
        self._put(agent, AgentWorktree(worktree, given, frozenset(copied)))
        if copied or given:
            self._record(agent, WorktreeFurnished(path=str(worktree.path), copied=tuple(copied), given=given))

    def _remove(self, agent: str, worktree: Worktree) -> str | None:
        """Why the worktree stays, or None. Products and what it was given are in the rescue ref by now."""
        ref = rescue_ref(self.context.run, agent)
        return worktree.remove(kept=[] if self.changes(agent) else [ref])

    def _find(self, agent: str) -> AgentWorktree | None:
        with self._lock:
            return self._agents.get(agent)

    def _put(self, agent: str, entry: AgentWorktree) -> None:
        with self._lock:
            self._agents[agent] = entry

    def _snapshot(self) -> Mapping[str, AgentWorktree]:
        with self._lock:
            return dict(self._agents)

    def _record(self, agent: str, fact: Fact) -> None:
        self.context.journal.record(Event(fact, task=agent.partition("/")[0], agent=agent))


def _changed(worktree: Worktree, named: Collection[str] = ()) -> dict[str, str]:
    blobs = worktree.blobs(named)
    return {path: blobs.get(path, "") for path in worktree.changes(named).paths}
