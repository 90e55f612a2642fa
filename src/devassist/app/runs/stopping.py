"""Stops a run from outside, and ends runs whose supervisor is gone."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress

from devassist.app.runs.decisions import require_kept, who_is
from devassist.app.runs.ownership import is_alive, own_run, supervisor_of
from devassist.app.wiring.project import Project, load_state
from devassist.app.wiring.recording import open_log
from devassist.domain.errors import DevassistError, Refused, UsageError
from devassist.domain.events import Event, RunFinished, SnapshotTaken, StopRequested, WorktreeKept
from devassist.domain.ids import rescue_ref
from devassist.domain.state.run import RunState
from devassist.domain.statuses import RunStatus
from devassist.engine.stop import sweep
from devassist.git.worktree.listing import list_worktrees
from devassist.git.worktree.worktrees import find_worktree
from devassist.ports import Recorder

_NOW_S = 1.2
_GRACE_S = 45.0
_POLL_S = 0.02


def stop_run(project: Project, run: str, *, now: bool) -> RunState:
    """
    End a run: at once with `now`, else after its agents' current calls. Returns when all its processes are gone.

    Raises UsageError if it has ended already.
    """
    state = require_running(project, run)
    alive = is_alive(project, state.run)
    request = StopRequested(who=f"person {who_is(project)}", now=now)
    with open_log(project) as log:
        log.record(Event(request, run=state.run))
    if alive:
        pid = supervisor_of(project, state)
        if pid:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGQUIT if now else signal.SIGTERM)
        if now:
            # The supervisor may be busy. It knows the reason by now, so all that it started is ended here.
            time.sleep(_POLL_S)
            sweep(state.run)
        if not _ended(project, state.run, _NOW_S if now else _GRACE_S) and pid:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    sweep(state.run)
    if load_state(project, state.run).status is RunStatus.RUNNING:
        end_dead_run(project, state.run)
    return load_state(project, state.run)


def require_running(project: Project, run: str) -> RunState:
    """The run, if it is not over. Raises UsageError if it is."""
    state = load_state(project, run)
    if is_alive(project, state.run):
        return state
    require_kept(state)
    if state.status is not RunStatus.RUNNING:
        raise UsageError(
            f"{state.run} has ended already ({state.status}): there is nothing to stop",
            hint=f"devassist show {state.run}",
        )
    return state


def _ended(project: Project, run: str, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while is_alive(project, run):
        if time.monotonic() > end:
            return False
        time.sleep(_POLL_S)
    return True


def end_dead_run(project: Project, run: str) -> None:
    """End a run whose supervisor is gone: keep its agents' uncommitted work, and record that it was stopped."""
    try:
        with own_run(project, run), open_log(project) as log:
            state = load_state(project, run)
            _keep_work(project, state, log)
            ended = RunFinished(
                status=RunStatus.STOPPED,
                exit_code=130,
                result_commit=state.result_commit,
                usage=state.usage,
                wall_s=round(sum(session.seconds for session in state.sessions), 3),
                report=state.report,
                error="stopped after its supervisor was gone",
                hint=f"devassist resume {run}",
            )
            log.record(Event(ended, run=run))
    except Refused:
        return  # somebody resumed it meanwhile


def _keep_work(project: Project, state: RunState, recorder: Recorder) -> None:
    """Put the uncommitted work of each agent under its rescue ref."""
    agents = {
        agent.worktree: f"{task.id}/{agent.role}"
        for task in state.tasks.values()
        for agent in task.agents.values()
    }
    signature = project.repository.signature(project.host.environment)
    for listed in list_worktrees(project.repository):
        agent = agents.get(str(listed.path))
        if agent is None or listed.missing:
            continue
        ref = rescue_ref(state.run, agent)
        try:
            worktree = find_worktree(
                project.repository, name=listed.name, path=listed.path, branch=listed.branch
            )
            commit = worktree.snapshot(ref, by=signature)
        except DevassistError as error:  # its files stay in their place, unread
            kept = WorktreeKept(path=str(listed.path), branch=listed.branch or "", reason=str(error))
            recorder.record(Event(kept, run=state.run, agent=agent))
            continue
        if commit is not None:
            snapshot = SnapshotTaken(ref=ref, commit=commit, worktree=str(listed.path))
            recorder.record(Event(snapshot, run=state.run, task=agent.partition("/")[0], agent=agent))
