"""Takes over the result of a run that has ended, and cleans up after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from devassist.app.runs.ownership import is_alive, live_runs, present
from devassist.app.wiring.project import Project, load_state, open_reader
from devassist.app.wiring.recording import open_log
from devassist.domain.errors import DevassistError, Unfinished
from devassist.domain.events import Event, MergeCompleted, WorktreeKept, WorktreeRemoved
from devassist.domain.ids import result_branch
from devassist.domain.statuses import RunStatus
from devassist.engine.takeover.merge import Aftermath
from devassist.engine.takeover.undo import Undo
from devassist.git.worktree.listing import WorktreeState, list_worktrees
from devassist.git.worktree.worktrees import find_worktree
from devassist.store.filters import EventFilter


@contextmanager
def aftermath(project: Project, run: str) -> Iterator[Aftermath]:
    """The Aftermath of a run, with the audit log open for writing. Raises Unfinished while the run is active."""
    state = present(project, load_state(project, run))
    if state.status is RunStatus.RUNNING or is_alive(project, state.run):
        raise Unfinished(f"{state.run} has not ended", hint=f"devassist status {state.run}")
    with open_log(project) as log:
        yield Aftermath(
            repository=project.repository,
            recorder=log,
            state=state,
            environment=project.host.environment,
            head=log.head,
            database=log.database_id,
        )
        log.checkpoint(state.run)


@contextmanager
def undoing(project: Project, run: str) -> Iterator[Undo]:
    """The Undo of a run's newest landing, with the audit log open for writing."""
    with aftermath(project, run) as after:
        own = f"refs/heads/{result_branch(after.state.run)}"
        landing_events = EventFilter(
            run=after.state.run, types=["merge.completed", "run.applied", "run.undone", "run.undo.intended"]
        )
        with open_reader(project) as reader:
            landings = [
                record
                for record in reader.events(landing_events)
                if not (isinstance(record.body, MergeCompleted) and record.body.ref == own)
            ]
        yield Undo(after=after, landings=landings)


def found_worktrees(project: Project) -> list[dict[str, Any]]:
    """The linked worktrees that are ours, JSON-shaped."""
    return [
        {
            "name": one.name,
            "path": str(one.path),
            "branch": one.branch,
            "head": one.head,
            "locked": one.locked,
            "missing": one.missing,
            "dirty": one.dirty,
        }
        for one in list_worktrees(project.repository)
        if one.ours
    ]


def collect_worktrees(project: Project, *, dry_run: bool) -> list[dict[str, Any]]:
    """Remove what is provably kept elsewhere: path and, where it stays, the reason. Refusals are recorded too."""
    with open_reader(project) as reader:
        runs = reader.runs()
    running = [run for run in runs if load_state(project, run).status is RunStatus.RUNNING]
    alive = live_runs(project)
    outcome: list[dict[str, Any]] = []
    with open_log(project) as log:
        for one in (one for one in list_worktrees(project.repository) if one.ours):
            run = next((run for run in runs if one.name.startswith(f"da-{run}-")), "")
            reason: str | None
            if run in running and run not in alive:
                reason = f"its supervisor is gone: devassist resume {run}, or devassist doctor --fix"
            elif run in running or not run:
                reason = "its run has not ended" if run else "it belongs to no recorded run"
            elif one.missing:
                reason = "its directory is gone; devassist doctor --fix forgets it"
            else:
                reason = _given_up(project, one, dry_run=dry_run)
            outcome.append({"path": str(one.path), "branch": one.branch, "reason": reason or ""})
            if not dry_run:
                path, branch = str(one.path), one.branch or ""
                removed = WorktreeRemoved(path=path, branch=branch, reason="kept elsewhere")
                fact = WorktreeKept(path=path, branch=branch, reason=reason) if reason else removed
                log.record(Event(fact, run=run))
    return outcome


def _given_up(project: Project, one: WorktreeState, *, dry_run: bool) -> str | None:
    """Why a worktree stays; None when it goes, or would."""
    try:
        found = find_worktree(project.repository, name=one.name, path=one.path, branch=one.branch)
        return found.why_not_remove() if dry_run else found.remove()
    except DevassistError as error:
        return f"{error}; devassist doctor --fix may put it right"
