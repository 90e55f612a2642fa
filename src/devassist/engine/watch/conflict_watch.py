"""
Watches a run's branches against each other, and against all other live ones, while the agents are at work.

One thread, fed by the run's own records: commits, and saves that are not committed yet. Nobody waits for it: it looks
at the newest state of each branch, and skips what came in between. It reads worktrees without touching their indexes,
and a defect in here costs the run a warning and nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from devassist.domain.conflicts import Side
from devassist.domain.errors import AuditError, DevassistError
from devassist.domain.events import (
    AgentStarted,
    CommitCreated,
    Event,
    MergeCompleted,
    Record,
    ToolCalled,
    WarningRaised,
)
from devassist.domain.ids import PLANNING, result_branch
from devassist.domain.plan import Plan
from devassist.domain.statuses import TaskStatus
from devassist.engine.context import RunContext
from devassist.engine.watch.notices import ConflictNotices

if TYPE_CHECKING:  # parsers of six languages: imported by the thread, so that no start waits for them
    from devassist.conflicts.ongoing import OngoingConflicts

_DRAIN_S = 10.0
_DRAIN_STOPPED_S = 0.3
"""After a stop: what a person stopped should end soon."""


@dataclass(slots=True)
class _Moving:
    """A task's present agent: where it works, its last commit, and the paths it saved since the last look."""

    branch: str
    worktree: str
    commit: str
    saved: frozenset[str] = frozenset()


@dataclass
class ConflictWatch:
    """
    A context manager: watches from its entry to its exit. On the way out it looks at what is left in the queue,
    uncommitted work no longer counts, and git's co-process ends.
    """

    context: RunContext
    plan: Plan
    drain_s: float = _DRAIN_S
    on_look: Callable[[], None] = lambda: None
    """Called after each look; for measuring and for tests."""
    _agents: dict[str, _Moving] = field(default_factory=dict)
    _queue: dict[str, _Moving] = field(default_factory=dict)
    _landings: list[tuple[str, str, str]] = field(default_factory=list)
    _landed: set[str] = field(default_factory=set)
    _stirred: bool = False
    """Whether something was saved or committed: until then there is nothing to compare, and no parser is loaded."""
    _ends_at: float | None = None
    _over_for_good: bool = False
    _news: threading.Condition = field(default_factory=threading.Condition)
    _thread: threading.Thread | None = None
    _rest: dict[str, str] | None = None
    _names: dict[str, str] = field(default_factory=dict)
    _committed: dict[str, str] = field(default_factory=dict)
    """Branch -> the commit below the state that was looked at last."""

    def __enter__(self) -> Self:
        self._restore()
        self.context.journal.followers.append(self.follow)
        self._thread = threading.Thread(target=self._work, name="conflict-watch", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.context.journal.unfollow(self.follow)
        drain_s = _DRAIN_STOPPED_S if self.context.stop.pulled else self.drain_s
        with self._news:
            self._ends_at = self.context.clock() + drain_s
            self._news.notify()
        if self._thread is not None:
            self._thread.join(drain_s + 1)
        with self._news:
            self._over_for_good = True

    def _restore(self) -> None:
        """A resumed run has branches already: each task's agent that was at work last."""
        with self.context.journal.lock:
            for task in self.context.journal.state.work():
                agents = [agent for agent in task.agents.values() if agent.branch and agent.commit]
                agents.sort(key=lambda agent: (agent.status == "running", agent.commit == task.commit))
                if agents:
                    last = agents[-1]
                    self._agents[task.id] = _Moving(last.branch, last.worktree, last.commit)
                if task.status is TaskStatus.MERGED:
                    self._landed.add(task.id)
        self._queue = dict(self._agents)
        self._stirred = bool(self._queue)

    def follow(self, record: Record) -> None:
        """A follower of the journal: queues what a record is about, and never waits."""
        task = record.event.task
        if task == PLANNING:
            return
        with self._news:
            agent = self._agents.get(task)
            match record.body:
                case AgentStarted(branch=branch) as started if branch:  # the integrator has none
                    self._agents[task] = _Moving(branch, started.worktree, started.commit)
                    self._queue[task] = self._agents[task]
                case MergeCompleted() as merge:
                    self._landings.append((task, merge.parents[0], merge.commit))
                case CommitCreated() as created if agent is not None and created.branch == agent.branch:
                    self._move(task, _Moving(agent.branch, agent.worktree, created.commit))
                case ToolCalled(wrote=wrote) if agent is not None and wrote:
                    saved = agent.saved | frozenset(wrote)
                    self._move(task, _Moving(agent.branch, agent.worktree, agent.commit, saved))
                case _:
                    return
            if self._stirred:
                self._news.notify()

    def _move(self, task: str, moved: _Moving) -> None:
        self._agents[task] = self._queue[task] = moved
        self._stirred = True

    # The thread -------------------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            with self._news:
                self._news.wait_for(lambda: self._stirred or self._ends_at is not None)
            if self._stirred:
                self._watch()
        except AuditError:
            return  # nothing may happen that is not recorded; whoever records next gets the error
        except Exception as error:  # noqa: BLE001  a watch that breaks must not cost the run
            text = f"conflicts are no longer watched while the run goes on: {type(error).__name__}: {error}"
            self.context.journal.record(Event(WarningRaised(text=text)))

    def _watch(self) -> None:
        from devassist.conflicts.ongoing import OngoingConflicts
        from devassist.git.merging.merge_tree import MergeTree

        context = self.context
        notices = ConflictNotices(context.journal, self.plan, context.request.base)
        with MergeTree(context.repository, environment=context.environment) as referee:
            ongoing = OngoingConflicts(
                referee, context.request.base, context.symbols, context.settings.conflicts.languages
            )
            due: dict[str, Iterator[None]] = {}
            while not self._over(due):
                moved, landings = self._taken(wait=not due)
                names = self._moved(ongoing, moved)
                due |= {name: ongoing.deepen(name) for name in names}
                # The text of a save goes before the symbols of those before it.
                if names or landings or _ended(due):
                    self._record(ongoing, notices, landings)
            self._settle(ongoing)
            self._record(ongoing, notices, [])

    def _over(self, due: Mapping[str, Iterator[None]]) -> bool:
        """Whether the run has ended, and either nothing is left to look at or no time."""
        with self._news:
            if self._ends_at is None:
                return False
            return not (self._queue or self._landings or due) or self._ends_at < self.context.clock()

    def _taken(self, *, wait: bool) -> tuple[dict[str, _Moving], list[tuple[str, str, str]]]:
        with self._news:
            if wait and not self._queue and not self._landings and self._ends_at is None:
                self._news.wait()
            moved, self._queue = self._queue, {}
            for task in moved:
                self._agents[task] = replace(self._agents[task], saved=frozenset())
            landings, self._landings = self._landings, []
            return moved, landings

    def _moved(self, ongoing: OngoingConflicts, moved: dict[str, _Moving]) -> list[str]:
        """Compare the text of what moved, at once; the branches whose symbols are to be compared."""
        committed = any(not agent.saved for agent in moved.values())
        names = self._others(ongoing) if committed or self._rest is None else []
        for task, agent in moved.items():
            branch = agent.branch
            if self._names.get(task) != branch:
                ongoing.rename(self._names.get(task, branch), branch)
                names.append(branch)
                self._names[task] = branch
            side = self._side(ongoing, agent)
            if side is None:
                self._put_back(task, agent)
            elif ongoing.move(side, unsure=side.commit != agent.commit):
                names.append(branch)
        return names

    def _put_back(self, task: str, agent: _Moving) -> None:
        """What could not be read counts with the next save."""
        with self._news:
            now = self._agents[task]
            if (now.branch, now.commit) == (agent.branch, agent.commit):
                self._agents[task] = replace(now, saved=now.saved | agent.saved)

    def _side(self, ongoing: OngoingConflicts, agent: _Moving) -> Side | None:
        """The agent's branch with what is saved on top; None if its worktree cannot be read just now."""
        referee, branch = ongoing.referee, agent.branch
        try:
            commit = agent.commit
            if agent.saved:
                last = ongoing.own.get(branch)
                onto = last.commit if last is not None and self._committed.get(branch) == commit else ""
                commit = referee.scratch.snapshot_of(Path(agent.worktree), agent.saved, onto)
            self._committed[branch] = agent.commit
            return Side(name=branch, commit=commit, tree=referee.view.tree_of(commit))
        except (DevassistError, OSError):  # a worktree in the middle of a change, or given back meanwhile
            return None

    def _others(self, ongoing: OngoingConflicts) -> list[str]:
        """Bring the branches that are not of this run up to date; those that moved."""
        from devassist.conflicts.branches import EVERY, MOST, live_sides, newest

        context, repository = self.context, self.context.repository
        mine = result_branch(context.run).removesuffix("result")
        refs = [ref for ref in repository.ref_names(EVERY) if not ref.startswith(EVERY + mine)]
        tips = {ref: repository.ref_tip(ref) or "" for ref in refs}
        if tips == self._rest:
            return []
        self._rest = tips
        sides = [
            side
            for side in live_sides(repository, context.request.base, EVERY)
            if not side.name.startswith(mine)
        ]
        sides = newest(repository, sides, MOST)
        for name in ongoing.rest.keys() - {side.name for side in sides}:
            ongoing.forget(name)
        return [side.name for side in sides if ongoing.move(side, own=False)]

    def _settle(self, ongoing: OngoingConflicts) -> None:
        """The run is over: what was never committed is on no branch, and cannot conflict."""
        for task, agent in self._agents.items():
            last = ongoing.own.get(agent.branch)
            if last is not None and last.commit != agent.commit:
                tree = ongoing.referee.view.tree_of(agent.commit)
                ongoing.move(Side(name=agent.branch, commit=agent.commit, tree=tree))
                for _ in ongoing.deepen(self._names[task]):
                    pass

    def _record(
        self, ongoing: OngoingConflicts, notices: ConflictNotices, landings: Sequence[tuple[str, str, str]]
    ) -> None:
        self._landed |= {task for task, _old, _new in landings}
        with self._news:
            if self._over_for_good:
                return
        landed = [branch for task, branch in self._names.items() if task in self._landed]
        tips = {side.name: side.commit for side in (*ongoing.own.values(), *ongoing.rest.values())}
        view = ongoing.referee.view
        notices.record(ongoing.conflicts(landed), view, tips)
        for task, old, new in landings:
            changed = frozenset(view.changed_paths(old, new))
            for other, branch in self._names.items():
                if other in self._landed or branch not in ongoing.own:
                    continue
                paths = self._outdated(ongoing, branch, self._names.get(task, ""), changed)
                if paths:
                    notices.record_stale(branch, paths, by=task, behind=new)
        self.on_look()

    def _outdated(
        self, ongoing: OngoingConflicts, branch: str, landed: str, changed: frozenset[str]
    ) -> list[str]:
        """The paths a branch changes that a landing changed under it, unless it builds on what landed."""
        view, side = ongoing.referee.view, ongoing.own[branch]
        if landed in ongoing.own and view.is_ancestor(ongoing.own[landed].commit, side.commit):
            return []
        return sorted(changed & frozenset(view.changed_paths(self.context.request.base, side.commit)))


def _ended(due: dict[str, Iterator[None]]) -> bool:
    """Take the first comparison that is due a step further; True if it is complete."""
    name = next(iter(due), None)
    if name is None:
        return False
    for _ in due[name]:
        return False
    del due[name]
    return True
