"""The commits that tasks and their agents start from: the base, or merges with what earlier tasks delivered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from devassist.domain.conflicts import ConflictStatus, Level, Severity
from devassist.domain.errors import Refused
from devassist.domain.events import BranchRebased, Event, WarningRaised
from devassist.domain.ids import run_and_task
from devassist.domain.plan import Plan, PlanTask
from devassist.domain.statuses import TaskStatus
from devassist.engine.context import RunContext
from devassist.git.merging.merge import commit_merge, merge_in_memory

_TEXT = (Level.TREE, Level.TEXT)
_UNSETTLED = (ConflictStatus.PROVISIONAL, ConflictStatus.OPEN)


@dataclass(frozen=True, slots=True)
class Start:
    """The commit that a task's diff is measured from, and the tasks whose work it holds."""

    commit: str
    built_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rebase:
    """A task that goes on from a merge with an earlier one: its new start and tip."""

    onto: str
    conflict: str
    start: str
    tip: str

    def fact(self, branch: str, *, old: str) -> BranchRebased:
        """That `branch`, whose tip was `old`, goes on from here."""
        return BranchRebased(
            branch=branch, onto=self.onto, old=old, new=self.tip, start=self.start, conflict=self.conflict
        )


def start_of(context: RunContext, plan: Plan, task: PlanTask, delivered: Mapping[str, str]) -> Start:
    """
    Where `task` begins. `delivered` maps the tasks that were delivered so far to their commits.

    Raises Refused if the tasks it depends on do not merge. Tasks that it waits for only because of its scope are left
    out if they do not merge.
    """
    tip, built_on = "", list[str]()
    for name in [*task.depends_on, *plan.sequenced().get(task.id, ())]:
        if name in built_on or name not in delivered:
            continue
        merged = merged_commit(context, task.id, tip, delivered[name]) if tip else delivered[name]
        if merged is None and name in task.depends_on:
            raise Refused(f"the tasks that {task.id} depends on conflict with each other: {name} with others")
        if merged is None:
            text = f"{task.id} does not start from {name}: it does not merge with {', '.join(built_on)}"
            context.journal.record(Event(WarningRaised(text=text), task=task.id))
            continue
        tip = merged
        built_on.append(name)
    return Start(tip or context.request.base, tuple(built_on))


def rebase_of(context: RunContext, plan: Plan, task: str, *, start: str, tip: str) -> Rebase | None:
    """
    The merge that the next agent of a task starts from, because an earlier task was delivered that it conflicts with.

    None if no conflict is recorded, or if git has no clean merge: then a person or the integrator decides.
    """
    for other, conflict in _delivered_before(context, plan, task):
        commit = _commit_of(context, other)
        if not commit or context.repository.is_ancestor(commit, tip):
            continue
        new_start = merged_commit(context, task, start, commit)
        new_tip = new_start if tip == start else merged_commit(context, task, tip, commit)
        if new_start is not None and new_tip is not None:
            return Rebase(onto=other, conflict=conflict, start=new_start, tip=new_tip)
    return None


def merged_commit(context: RunContext, task: str, ours: str, theirs: str) -> str | None:
    """A commit that holds both: one of the two if it holds the other; None if they do not merge."""
    repository = context.repository
    if repository.is_ancestor(ours, theirs):
        return theirs
    if repository.is_ancestor(theirs, ours):
        return ours
    merged = merge_in_memory(repository, ours, theirs, environment=context.environment)
    if merged.tree is None:
        return None
    signature = repository.signature(context.environment)
    return commit_merge(
        repository,
        tree=merged.tree,
        parents=[ours, theirs],
        message=f"Start of task {task}: it goes on from {theirs[:12]}",
        author=signature,
        committer=signature,
    )


def _delivered_before(context: RunContext, plan: Plan, task: str) -> Sequence[tuple[str, str]]:
    """Earlier tasks that this one has a recorded conflict with, in plan order, each with the conflict's id."""
    order = list(plan.order())
    before = order[: order.index(task)]
    conflicting: dict[str, str] = {}
    with context.journal.lock:
        conflicts = list(context.journal.state.conflicts.values())
    for conflict in conflicts:
        broken = conflict.level is Level.SYMBOL and conflict.severity is Severity.ERROR
        if conflict.status not in _UNSETTLED or not (broken or conflict.level in _TEXT):
            continue
        sides = [run_and_task(branch) for branch in conflict.branches]
        tasks = [name for run, name in sides if run == context.run]
        for name in tasks if task in tasks else ():
            if name in before:
                conflicting.setdefault(name, conflict.conflict)
    return sorted(conflicting.items(), key=lambda pair: before.index(pair[0]))


def _commit_of(context: RunContext, task: str) -> str:
    """The commit that a task delivered; empty if it did not land and never will."""
    with context.journal.lock:
        state = context.journal.state.tasks.get(task)
        if state is None or state.error or state.status not in (TaskStatus.DELIVERED, TaskStatus.MERGED):
            return ""
        return state.commit
