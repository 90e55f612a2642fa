"""
The order in which delivered tasks land that may change the same files, so that most land without a conflict.

Tasks with scopes never meet, or run one after the other: they land in plan order as they come. Tasks that may change
the same files, because one has no scope, wait for each other's results and are compared. The order depends only on
their commits, so that the same run gives the same tree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from devassist.domain.conflicts import Severity, Side
from devassist.domain.errors import DevassistError
from devassist.domain.events import DecisionMade, Event, WarningRaised
from devassist.domain.ids import branch_name, run_and_task
from devassist.domain.plan import Plan
from devassist.domain.roles import may_write
from devassist.domain.statuses import Outcome
from devassist.engine.context import RunContext
from devassist.engine.results import StepResult

Groups = Mapping[str, tuple[str, ...]]
"""Task -> the tasks that it lands together with, itself among them, in plan order."""


def groups(plan: Plan) -> Groups:
    """Tasks that, by the plan, can run at the same time and change the same files. Pure."""
    order = [name for name in plan.order() if may_write(plan.task(name).role)]
    depth: dict[str, int] = {}
    for name in plan.order():
        awaited = [*plan.task(name).depends_on, *plan.sequenced().get(name, ())]
        depth[name] = 1 + max((depth[earlier] for earlier in awaited), default=-1)
    together: dict[str, tuple[str, ...]] = {}
    for level in sorted({depth[name] for name in order}):
        beside = [name for name in order if depth[name] == level]
        if len(beside) > 1 and any(not plan.task(name).scope for name in beside):
            together |= dict.fromkeys(beside, tuple(beside))
    return together


def arranged(
    context: RunContext, plan: Plan, group: Sequence[str], results: Mapping[str, StepResult]
) -> Sequence[str]:
    """The tasks of a group in the order to land them; what was not delivered stays where it is."""
    delivered = [name for name in group if results[name].outcome is Outcome.DELIVERED]
    if len(delivered) < 2:  # noqa: PLR2004 - a pair
        return group
    try:
        chosen, reason = _planned(context, plan, [results[name] for name in delivered])
    except (DevassistError, OSError) as error:
        text = f"{', '.join(delivered)} land in plan order, because they could not be compared: {error}"
        context.journal.record(Event(WarningRaised(text=text)))
        return group
    order = _buildable(chosen, results)
    if order != delivered:
        decision = DecisionMade(
            who="policy",
            question=f"in which order do {', '.join(delivered)} land?",
            options=(", ".join(delivered), ", ".join(order)),
            choice=", ".join(order),
            reason=reason,
            confidence=1.0,
        )
        context.journal.record(Event(decision, task=order[0]))
    return [*order, *(name for name in group if name not in delivered)]


def _planned(context: RunContext, plan: Plan, delivered: Sequence[StepResult]) -> tuple[Sequence[str], str]:
    """The order that lands most, and the reason in a sentence."""
    from devassist.conflicts.ongoing import OngoingConflicts  # parsers of six languages
    from devassist.conflicts.ordering import planned
    from devassist.conflicts.symbols.both_changed import edges
    from devassist.git.merging.merge_tree import MergeTree

    repository, request = context.repository, context.request
    sides = [
        Side(
            name=branch_name(context.run, result.task, plan.task(result.task).role),
            commit=result.commit,
            tree=repository.tree_of(result.commit),
        )
        for result in delivered
    ]
    with MergeTree(repository, environment=context.environment) as referee:
        ongoing = OngoingConflicts(
            referee, request.base, context.symbols, context.settings.conflicts.languages
        )
        for side in sides:
            ongoing.move(side)
        for side in sides:
            for _ in ongoing.deepen(side.name):
                pass
        conflicts = ongoing.conflicts()
    waves = planned(conflicts, sides, edges(conflicts)).waves
    order = [run_and_task(name)[1] for wave in waves for name in wave]
    pairs = {
        tuple(sorted(run_and_task(name)[1] for name in conflict.branches))
        for conflict in conflicts
        if conflict.severity is Severity.ERROR
    }
    listed = "; ".join(" and ".join(pair) for pair in sorted(pairs))
    return order, f"in conflict are {listed}: {len(waves[0])} of {len(sides)} land without one"


def _buildable(order: Sequence[str], results: Mapping[str, StepResult]) -> list[str]:
    """`order` with each task after those whose commits it holds."""
    left, buildable = list(order), list[str]()
    while left:
        ready = (name for name in left if not set(results[name].built_on) & set(left))
        buildable.append(next(ready, left[0]))
        left.remove(buildable[-1])
    return buildable
