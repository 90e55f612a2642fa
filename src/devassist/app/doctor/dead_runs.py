"""What the log has of runs that no process owns: their worktrees, their refs, and what they had begun."""

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
    """One run that no process owns, as the log has it."""

    state: RunState
    worktrees: dict[str, Recorded] = field(default_factory=dict)
    """By git's name for them: what was opened, or was about to be."""
    opened: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    tips: dict[str, str] = field(default_factory=dict)
    """Ref -> its newest commit."""
    open_intents: list[Record] = field(default_factory=list)

    @property
    def directory(self) -> Path | None:
        named = self.state.started.worktrees
        return Path(named) if named else None


def runs_without_owner(project: Project) -> list[DeadRun]:
    """Every run of the log that no process owns now, the newest first."""
    try:
        reader = open_reader(project)
    except NotFound:
        return []
    with reader:
        found = []
        for run in reader.runs():
            if is_alive(project, run):
                continue
            one = DeadRun(fold_run(reader, run, types=_FACTS))
            for record in reader.events(EventFilter(run=run, types=_FACTS), raw=True):
                _take(one, record)
            found.append(one)
    return found


def _take(run: DeadRun, record: Record) -> None:
    name = worktree_name(run.state.run, record.event.agent)
    match record.body:
        case WorktreeIntended() | WorktreeOpened() as made:
            reason = f"devassist {run.state.run} {record.event.agent}"
            run.worktrees[name] = Recorded(name=name, path=Path(made.path), branch=made.branch, reason=reason)
            run.removed.discard(name)
            run.tips[f"refs/heads/{made.branch}"] = made.commit
            act = run.opened.add if isinstance(made, WorktreeOpened) else run.opened.discard
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
            # A command or a worktree that its task ended without is no open question any more.
            run.open_intents = [one for one in run.open_intents if one.event.task != record.event.task]
        case _:
            pass
    _follow_intents(run, record)


def _follow_intents(run: DeadRun, record: Record) -> None:
    if record.type in _ENDINGS:
        run.open_intents.append(record)
        return
    for intent, ending in _ENDINGS.items():
        if record.type is ending:
            mine = (record.event.task, record.event.agent)
            run.open_intents = [
                one
                for one in run.open_intents
                if one.type is not intent or (one.event.task, one.event.agent) != mine
            ]
