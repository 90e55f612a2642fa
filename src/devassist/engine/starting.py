"""Where a task begins: at the base, at what it depends on, or at a merge of that."""

from __future__ import annotations

from collections.abc import Mapping

from devassist.domain.errors import Refused
from devassist.domain.plan import PlanTask
from devassist.engine.context import RunContext
from devassist.engine.step import StepResult
from devassist.git.merge import commit_merge, merge_in_memory


def start_commit(context: RunContext, task: PlanTask, results: Mapping[str, StepResult]) -> str:
    """The base, the dependency's commit, or a merge of all dependencies. Refused when these conflict."""
    commits = [results[one].commit for one in task.depends_on]
    if not commits:
        return context.request.base
    repository = context.repository
    tip, *others = dict.fromkeys(commits)
    signature = repository.signature(context.environment)
    for other in others:
        merged = merge_in_memory(repository, tip, other)
        if merged.tree is None:
            paths = ", ".join(sorted({one.path for one in merged.conflicts}))
            raise Refused(f"the tasks that {task.id} depends on conflict with each other in {paths}")
        message = f"Start of task {task.id}: its dependencies {', '.join(task.depends_on)}"
        tip = commit_merge(
            repository,
            tree=merged.tree,
            parents=[tip, other],
            message=message,
            author=signature,
            committer=signature,
        )
    return tip
