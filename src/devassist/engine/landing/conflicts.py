"""What git could not merge at a landing, recorded as conflicts between branches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from devassist.domain.conflicts import Conflict, Level, Severity
from devassist.domain.events import ConflictFound, Event
from devassist.domain.ids import branch_name, result_branch
from devassist.domain.plan import Plan, PlanTask
from devassist.engine.context import RunContext
from devassist.engine.watch.notices import is_known
from devassist.git.merging.report import PathConflict


def record_unmerged(
    context: RunContext,
    plan: Plan,
    task: PlanTask,
    landed: Mapping[str, str],
    conflicts: Sequence[PathConflict],
) -> Sequence[Conflict]:
    """One conflict for each path; `landed` has the commits of the tasks that are on the result branch."""
    recorded: list[Conflict] = []
    theirs = branch_name(context.run, task.id, task.role)
    for unmerged in conflicts:
        conflict = Conflict(
            level=Level.TEXT,
            kind=unmerged.kind,
            severity=Severity.ERROR,
            branches=(_other_side(context, plan, landed, unmerged.path), theirs),
            path=unmerged.path,
            explanation=f"{unmerged.path} was changed on both sides ({unmerged.kind})",
            suggestion=f"merge {theirs} by hand, or run the task again on top of the result",
        )
        fact = ConflictFound.of(conflict, base=context.request.base)
        # The conflict watch has mostly found it already, and explains it better.
        context.journal.record_unless(partial(is_known, fact), Event(fact, task=task.id))
        recorded.append(conflict)
    return recorded


def _other_side(context: RunContext, plan: Plan, landed: Mapping[str, str], path: str) -> str:
    """The branch of the landed task that touched `path`, newest first, else the result branch."""
    base, repository = context.request.base, context.repository
    for name, commit in reversed(list(landed.items())):
        if path in repository.changed_paths(base, commit):
            return branch_name(context.run, name, plan.task(name).role)
    return result_branch(context.run)
