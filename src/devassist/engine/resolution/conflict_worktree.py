"""
The integrator's detached worktree with conflict markers in it: opened, reopened after a crash, and removed.

It is on no branch, because nobody may build on files with conflict markers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from devassist.conflicts.resolution.three_way_merge import MergingPair
from devassist.domain.errors import NotFound, RepositoryChanged
from devassist.domain.events import (
    Event,
    Fact,
    SnapshotTaken,
    WorktreeIntended,
    WorktreeKept,
    WorktreeOpened,
    WorktreeRemoved,
)
from devassist.domain.ids import rescue_ref, worktree_name
from devassist.engine.context import RunContext
from devassist.engine.crews.delivery import AUTHOR
from devassist.git.merging.merge import commit_merge
from devassist.git.worktree.worktree import Worktree
from devassist.git.worktree.worktrees import detached_worktree, drop_detached, find_worktree, set_aside


@dataclass
class ConflictWorktree:
    """The worktree of one conflict. A safety ref holds its commits, so that gc removes nothing after a crash."""

    context: RunContext
    task: str
    agent: str
    pair: MergingPair
    start: str = ""
    _worktree: Worktree | None = field(default=None, init=False)

    @property
    def worktree(self) -> Worktree:
        """The worktree that `open` or `reopen` returned. Raises NotFound before that."""
        if self._worktree is None:
            raise NotFound(f"the worktree of {self.agent} is not open")
        return self._worktree

    @property
    def ref(self) -> str:
        return rescue_ref(self.context.run, self.agent)

    @property
    def path(self) -> Path:
        return self.context.worktrees / self.agent

    def open(self, *, left: bool) -> Worktree:
        """Creates the worktree; `left` says whether an earlier one may still be there with work in it."""
        context, pair = self.context, self.pair
        names = (pair.ours.name, pair.theirs.name)
        marked = {file.path: file.marked.marked(*names) for file in pair.files if file.marked is not None}
        self._put_away(left=left)
        self.start = self.commit(
            pair.tree_with(marked), f"The conflict of {names[0]} and {names[1]}, with markers"
        )
        self.keep_ref(self.start)
        self._record(WorktreeIntended(path=str(self.path), commit=self.start))
        self._worktree = detached_worktree(
            context.repository,
            name=self._name,
            path=self.path,
            commit=self.start,
            reason="devassist resolution",
            base=context.request.base,
        )
        self._record(WorktreeOpened(path=str(self.path), commit=self.start))
        return self._worktree

    def reopen(self, start: str) -> Worktree:
        """The worktree of an interrupted attempt, as it was left. Raises NotFound or RepositoryChanged."""
        worktree = find_worktree(self.context.repository, name=self._name, path=self.path, branch=None)
        if worktree.head_commit != start:
            raise RepositoryChanged(f"the worktree of {self.agent} is not at {start[:12]}")
        self.start, self._worktree = start, worktree
        return worktree

    def commit(self, tree: str, message: str) -> str:
        """Commits a tree as a merge of both sides, on no branch; the commit's id."""
        parents = [self.pair.ours.commit, self.pair.theirs.commit]
        return commit_merge(
            self.context.repository,
            tree=tree,
            parents=parents,
            message=message,
            author=AUTHOR,
            committer=AUTHOR,
        )

    def keep_ref(self, commit: str) -> None:
        """Points the safety ref at a commit; the commit of an earlier attempt moves to a ref beside it."""
        repository = self.context.repository
        before = repository.ref_tip(self.ref)
        if before is not None and not repository.is_ancestor(before, commit) and before != self.start:
            repository.keep_ref(f"{self.ref}-{before[:8]}", before)
        repository.keep_ref(self.ref, commit)

    def close(self, *, delivered: bool) -> None:
        """Removes the worktree. Work that was not delivered is kept under the safety ref."""
        if self._worktree is None:
            return
        worktree, self._worktree = self._worktree, None
        unused = not delivered and self._snapshot(worktree) is None
        if unused and self.context.repository.ref_tip(self.ref) == self.start:
            self.context.repository.delete_ref(self.ref, old=self.start)
        worktree.reset_to(self.pair.ours.commit)
        reason = worktree.remove()
        path = str(self.path)
        removed = WorktreeRemoved(path=path, reason="it has ended")
        self._record(WorktreeKept(path=path, reason=reason) if reason else removed)

    def leave(self) -> None:
        """Leaves the worktree for an attempt that continues later; its work is also kept under the safety ref."""
        if self._worktree is None:
            return
        worktree, self._worktree = self._worktree, None
        self._snapshot(worktree)
        reason = "its resolution is not finished"
        self._record(WorktreeKept(path=str(self.path), reason=reason))

    def clear(self) -> None:
        """Removes the worktree of a finished attempt that a dead worker or supervisor left behind."""
        self._worktree = None
        if self.path.exists():
            drop_detached(self.context.repository, name=self._name, path=self.path)
            self._record(WorktreeRemoved(path=str(self.path), reason="it has ended"))

    @property
    def _name(self) -> str:
        return worktree_name(self.context.run, self.agent)

    def _put_away(self, *, left: bool) -> None:
        """Makes room for a new worktree. Work in it goes to the safety ref; a damaged worktree is set aside."""
        repository = self.context.repository
        if not left:
            drop_detached(repository, name=self._name, path=self.path)
            return
        try:
            self._snapshot(find_worktree(repository, name=self._name, path=self.path, branch=None))
        except (NotFound, RepositoryChanged):
            set_aside(repository, name=self._name, path=self.path)
        else:
            drop_detached(repository, name=self._name, path=self.path)

    def _snapshot(self, worktree: Worktree) -> str | None:
        context = self.context
        commit = worktree.snapshot(self.ref, by=context.repository.signature(context.environment))
        if commit is not None:
            self._record(SnapshotTaken(ref=self.ref, commit=commit, worktree=str(self.path)))
        return commit

    def _record(self, fact: Fact) -> None:
        self.context.journal.record(Event(fact, task=self.task, agent=self.agent))
