"""Predicts the conflicts of a plan and estimates its cost, before it is run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any

import msgspec

from devassist.app.wiring.project import Project, open_reader
from devassist.conflicts.branches import open_changes
from devassist.conflicts.foresight import Foresight
from devassist.conflicts.outline import Outline
from devassist.domain.errors import NotFound
from devassist.domain.plan import Plan
from devassist.domain.roles import crew_of

_MEASURES = ("model_calls", "input_tokens", "output_tokens", "usd")
_SPENT = """SELECT run, agent, SUM(calls) AS model_calls, SUM(input_tokens) AS input_tokens,
SUM(output_tokens) AS output_tokens, SUM(usd) AS usd FROM costs WHERE task <> 'plan' AND agent <> ''
GROUP BY run, agent"""


def foreseen(project: Project, plan: Plan, base: str) -> dict[str, Any]:
    """`predicted` conflicts of a plan and the `estimate` of its cost, null where no run has been recorded."""
    return {"predicted": _predicted(project, plan, base), "estimate": estimate(plan, _spent(project))}


def _predicted(project: Project, plan: Plan, base: str) -> list[dict[str, Any]]:
    cache = project.host.state_dir / "symbols"
    outline = Outline(project.repository, base, cache, project.settings.conflicts.languages)
    predicted = Foresight(plan, outline, open_changes(project.repository, base)).predict()
    shaped: list[dict[str, Any]] = msgspec.to_builtins(predicted)
    return shaped


def _spent(project: Project) -> list[dict[str, Any]]:
    try:
        with open_reader(project) as reader:
            return list(reader.select(_SPENT))
    except NotFound:
        return []


def estimate(plan: Plan, spent: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
    """
    What the plan's agents are likely to use: per role the median of past agents, summed over the crews.

    `spent` has a row per past agent: run, agent, model_calls, input_tokens, output_tokens, usd. A role that
    nobody has played yet counts as the median of all.
    """
    by_role: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    rows = list(spent)
    for row in rows:
        by_role[str(row["agent"]).rpartition("/")[2]].append(row)
    if not rows:
        return None
    crew = [role for task in plan.tasks for role in crew_of(task.role, review=task.review)]
    total = {
        name: sum(median(row[name] for row in by_role.get(role, rows)) for role in crew) for name in _MEASURES
    }
    return {
        "runs": len({row["run"] for row in rows}),
        **{name: round(total[name], 6) if name == "usd" else round(total[name]) for name in _MEASURES},
    }
