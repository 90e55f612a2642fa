"""Lists the agents' worktrees, and removes those whose content is provably kept elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from devassist.app.runs.ownership import live_runs
from devassist.app.wiring.project import Project, load_state, open_reader
from devassist.app.wiring.recording import open_log
from devassist.domain.errors import DevassistError
from devassist.domain.events import Event, WorktreeKept, WorktreeRemoved
from devassist.domain.statuses import RunStatus
from devassist.git.worktree.listing import WorktreeState, list_worktrees
from devassist.git.worktree.worktrees import find_worktree


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentWorktree:
    """One worktree of an agent. `dirty` is None if its files cannot be compared, `branch` if its HEAD is detached."""

    name: str
    path: Path
    branch: str | None
    head: str | None
    locked: bool
    missing: bool
    dirty: bool | None

    @classmethod
    def of(cls, state: WorktreeState) -> AgentWorktree:
        return cls(
            name=state.name,
            path=state.path,
            branch=state.branch,
            head=state.head,
            locked=state.locked,
            missing=state.missing,
            dirty=state.dirty,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """One worktree that was looked at for removal. `reason` says why it stays; it is empty if it goes."""

    path: Path
    branch: str | None
    reason: str


def agent_worktrees(project: Project) -> list[AgentWorktree]:
    """The linked worktrees of this repository that are devassist's, by name."""
    return [AgentWorktree.of(state) for state in list_worktrees(project.repository) if state.ours]


def collect_worktrees(project: Project, *, dry_run: bool) -> list[Collected]:
    """Remove each worktree that is provably kept elsewhere. With `dry_run` nothing is removed or recorded."""
    with open_reader(project) as reader:
        runs = reader.runs()
    running = {run for run in runs if load_state(project, run).status is RunStatus.RUNNING}
    alive = set(live_runs(project))
    collected: list[Collected] = []
    with open_log(project) as log:
        for worktree in (state for state in list_worktrees(project.repository) if state.ours):
            run = next((run for run in runs if worktree.name.startswith(f"da-{run}-")), "")
            reason = _why_not_ours_to_remove(worktree, run, running=running, alive=alive)
            reason = reason or _remove(project, worktree, dry_run=dry_run) or ""
            collected.append(Collected(path=worktree.path, branch=worktree.branch, reason=reason))
            if not dry_run:
                path, branch = str(worktree.path), worktree.branch or ""
                removed = WorktreeRemoved(path=path, branch=branch, reason="kept elsewhere")
                fact = WorktreeKept(path=path, branch=branch, reason=reason) if reason else removed
                log.record(Event(fact, run=run))
    return collected


def _why_not_ours_to_remove(worktree: WorktreeState, run: str, *, running: set[str], alive: set[str]) -> str:
    """Why a worktree stays whatever it holds; empty if only its content decides. `run` is empty if it has none."""
    if not run:
        return "it belongs to no recorded run"
    if run in running and run not in alive:
        return f"its supervisor is gone: devassist resume {run}, or devassist doctor --fix"
    if run in running:
        return "its run has not ended"
    return "its directory is gone; devassist doctor --fix forgets it" if worktree.missing else ""


def _remove(project: Project, state: WorktreeState, *, dry_run: bool) -> str | None:
    """Why a worktree stays; None if it was removed, or with `dry_run` would be."""
    try:
        worktree = find_worktree(project.repository, name=state.name, path=state.path, branch=state.branch)
        return worktree.why_not_remove() if dry_run else worktree.remove()
    except DevassistError as error:
        return f"{error}; devassist doctor --fix may put it right"
