"""What a task has changed so far, or what a merge that waits for a person would change."""

from __future__ import annotations

from devassist.app.wiring.host import Host
from devassist.app.wiring.project import open_project
from devassist.domain.errors import DevassistError
from devassist.domain.state.run import RunState


def task_diff(host: Host, state: RunState, task: str) -> str:
    """A diff as git prints it; empty if nothing is committed. For any thread: it opens the repository itself."""
    repository = open_project(host).repository
    for request in state.waiting:
        if request.task == task and request.shown.ours and request.shown.tree:
            return repository.diff(request.shown.ours, request.shown.tree)
    commits = [agent.commit for agent in state.tasks[task].agents.values() if agent.commit]
    for commit in reversed(commits):
        try:
            if text := repository.diff(state.base, commit):
                return text
        except DevassistError:  # its branch was thrown away
            continue
    return ""
