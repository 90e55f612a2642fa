"""Runs that no process owns, from the log: their worktrees, their refs, and their unfinished actions."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from devassist.app.runs.ownership import is_alive
from devassist.app.wiring.project import Project, fold_run, open_reader
from devassist.domain.errors import NotFound
from devassist.domain.events import (
    CommitCreated,
    EventType,
    MergeCompleted,
    Record,
    RunStarted,
    TaskFinished,
    WorktreeIntended,
    WorktreeOpened,
    WorktreeRemoved,
)
from devassist.domain.ids import base_ref, worktree_name
from devassist.domain.state.run import RunState
from devassist.git.repair.worktrees import Recorded
from devassist.store.filters import EventFilter

_FACTS = ("run", "plan", "task", "agent", "worktree", "merge", "commit", "command", "approval")
_ENDINGS = {
    EventType.WORKTREE_INTENDED: EventType.WORKTREE_OPENED,
    EventType.COMMIT_INTENDED: EventType.COMMIT_CREATED,
    EventType.MERGE_INTENDED: EventType.MERGE_COMPLETED,
    EventType.COMMAND_INTENDED: EventType.COMMAND_RAN,
}


@dataclass
class DeadRun:
    """One run that no process owns, as the log describes it."""

    state: RunState
    worktrees: dict[str, Recorded] = field(default_factory=dict)
    """The worktrees that were opened or about to be opened, by git's name for them."""
    opened: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    tips: dict[str, str] = field(default_factory=dict)
    """The newest commit of each ref, by its full name."""
    open_intents: list[Record] = field(default_factory=list)

    @property
    def directory(self) -> Path | None:
        """The directory of its worktrees; None in logs of versions that did not record it."""
        path = self.state.started.worktrees
        return Path(path) if path else None


def runs_without_owner(project: Project) -> list[DeadRun]:
    """Every run of the log that no process owns, the newest first."""
    try:
        reader = open_reader(project)
    except NotFound:
        return []
    with reader:
        dead = []
        for name in reader.runs():
            if is_alive(project, name):
                continue
            run = DeadRun(fold_run(reader, name, types=_FACTS))
            for record in reader.events(EventFilter(run=name, types=_FACTS), raw=True):
                _apply(run, record)
            dead.append(run)
    return dead


def _apply(run: DeadRun, record: Record) -> None:
    name = worktree_name(run.state.run, record.event.agent)
    match record.body:
        case WorktreeIntended() | WorktreeOpened() as fact:
            reason = f"devassist {run.state.run} {record.event.agent}"
            run.worktrees[name] = Recorded(name=name, path=Path(fact.path), branch=fact.branch, reason=reason)
            run.removed.discard(name)
            run.tips[f"refs/heads/{fact.branch}"] = fact.commit
            act = run.opened.add if isinstance(fact, WorktreeOpened) else run.opened.discard
            act(name)
        case WorktreeRemoved():
            run.removed.add(name)
        case CommitCreated(branch=branch, commit=commit):
            run.tips[f"refs/heads/{branch}"] = commit
        case MergeCompleted(ref=ref, commit=commit):
            run.tips[ref] = commit
        case RunStarted(base=base):
            run.tips[base_ref(run.state.run)] = base
        case TaskFinished():
            # The task ended without them, so nobody has to judge its unfinished commands and worktrees any more.
            task = record.event.task
            run.open_intents = [intent for intent in run.open_intents if intent.event.task != task]
        case _:
            pass
    _follow_intents(run, record)


def _follow_intents(run: DeadRun, record: Record) -> None:
    if record.type in _ENDINGS:
        run.open_intents.append(record)
        return
    for intended, ending in _ENDINGS.items():
        if record.type is ending:
            agent = (record.event.task, record.event.agent)
            run.open_intents = [
                intent
                for intent in run.open_intents
                if intent.type is not intended or (intent.event.task, intent.event.agent) != agent
            ]
