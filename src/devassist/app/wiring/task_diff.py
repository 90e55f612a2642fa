"""What tasks have changed so far, or what a merge that waits for a person would change. For any thread."""

from __future__ import annotations

import os
from collections.abc import Mapping

from devassist.app.wiring.project import Project
from devassist.domain.errors import DevassistError
from devassist.domain.state.run import RunState
from devassist.git.repository import Repository
from devassist.reports.story import Story


def task_diff(project: Project, state: RunState, task: str) -> str:
    """A diff as git prints it; empty if nothing is committed."""
    repository = _opened(project)
    for request in state.waiting:
        if request.task == task and request.shown.ours and request.shown.tree:
            return repository.diff(request.shown.ours, request.shown.tree)
    commits = [agent.commit for agent in state.tasks[task].agents.values() if agent.commit]
    return next(filter(None, (_diff(repository, state.base, commit) for commit in reversed(commits))), "")


def task_diffs(project: Project, story: Story) -> Mapping[str, str]:
    """What each task changes: its merge if it landed, else its last commit; nothing of what git no longer has."""
    repository, base = _opened(project), story.state.base
    ends = {task.id: (base, task.commit) for task in story.state.work() if task.commit and base}
    ends |= {task: (merge.parents[0], merge.commit) for task, merge in story.merges.items() if merge.parents}
    return {task: _diff(repository, old, new) for task, (old, new) in ends.items()}


def _opened(project: Project) -> Repository:
    """The project's repository once more: a handle belongs to one thread."""
    path = project.host.environment.get("PATH", os.defpath)
    return Repository.discover(project.repository.workdir, program_path=path)


def _diff(repository: Repository, old: str, new: str) -> str:
    try:
        return repository.diff(old, new)
    except DevassistError:  # a commit was thrown away
        return ""
