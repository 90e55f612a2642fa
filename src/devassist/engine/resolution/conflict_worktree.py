"""
The integrator's worktree, on no branch, with conflict markers in it: made, taken up again, left for later, given back.

What stands there with markers in it is nothing that others may build on.
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
class MarkedPlace:
    """One conflict's worktree. A ref keeps what stands there, so that a crash leaves nothing that gc could take."""

    context: RunContext
    task: str
    agent: str
    pair: MergingPair
    start: str = ""
    _worktree: Worktree | None = field(default=None, init=False)

    @property
    def worktree(self) -> Worktree:
        """The one that `open` or `again` gave."""
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
        """A new one; `left` says whether somebody has worked in what may still be there."""
        context, pair = self.context, self.pair
        names = (pair.ours.name, pair.theirs.name)
        marked = {one.path: one.marked.marked(*names) for one in pair.files if one.marked is not None}
        self._put_away(left=left)
        self.start = self.commit(
            pair.tree_with(marked), f"The conflict of {names[0]} and {names[1]}, with markers"
        )
        self.keep_ref(self.start)
        self._tell(WorktreeIntended(path=str(self.path), commit=self.start))
        self._worktree = detached_worktree(
            context.repository,
            name=self._name,
            path=self.path,
            commit=self.start,
            reason="devassist resolution",
        )
        self._tell(WorktreeOpened(path=str(self.path), commit=self.start))
        return self._worktree

    def again(self, start: str) -> Worktree:
        """The one of an attempt that broke off, as it was left. Raises NotFound or RepositoryChanged."""
        found = find_worktree(self.context.repository, name=self._name, path=self.path, branch=None)
        if found.head_commit != start:
            raise RepositoryChanged(f"the worktree of {self.agent} is not at {start[:12]}")
        self.start, self._worktree = start, found
        return found

    def commit(self, tree: str, message: str) -> str:
        """A merge of both sides with this tree, on no branch."""
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
        """Point the safety ref at a commit; what an earlier attempt left there stays beside it."""
        repository = self.context.repository
        before = repository.ref_tip(self.ref)
        if before is not None and not repository.is_ancestor(before, commit) and before != self.start:
            repository.keep_ref(f"{self.ref}-{before[:8]}", before)
        repository.keep_ref(self.ref, commit)

    def give_back(self, *, delivered: bool) -> None:
        """Remove it. What was not delivered is kept under the safety ref."""
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
        self._tell(WorktreeKept(path=path, reason=reason) if reason else removed)

    def leave(self) -> None:
        """Let it stand as it is for an attempt that goes on later; its work is kept under the safety ref as well."""
        if self._worktree is None:
            return
        worktree, self._worktree = self._worktree, None
        self._snapshot(worktree)
        reason = "its resolution is not finished"
        self._tell(WorktreeKept(path=str(self.path), reason=reason))

    def clear(self) -> None:
        """Remove what is left although the attempt was done: its worker died, or the supervisor."""
        self._worktree = None
        if self.path.exists():
            drop_detached(self.context.repository, name=self._name, path=self.path)
            self._tell(WorktreeRemoved(path=str(self.path), reason="it has ended"))

    @property
    def _name(self) -> str:
        return worktree_name(self.context.run, self.agent)

    def _put_away(self, *, left: bool) -> None:
        """Make room. Where somebody has worked it is kept under the safety ref, or where it stands if it is torn."""
        repository = self.context.repository
        if not left:
            drop_detached(repository, name=self._name, path=self.path)
            return
        try:
            found = find_worktree(repository, name=self._name, path=self.path, branch=None)
            self._snapshot(found)
        except (NotFound, RepositoryChanged):
            set_aside(repository, name=self._name, path=self.path)
        else:
            drop_detached(repository, name=self._name, path=self.path)

    def _snapshot(self, worktree: Worktree) -> str | None:
        context = self.context
        commit = worktree.snapshot(self.ref, by=context.repository.signature(context.environment))
        if commit is not None:
            self._tell(SnapshotTaken(ref=self.ref, commit=commit, worktree=str(self.path)))
        return commit

    def _tell(self, fact: Fact) -> None:
        self.context.journal.record(Event(fact, task=self.task, agent=self.agent))
