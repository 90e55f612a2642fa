"""Predicts the conflicts of a plan and estimates its cost, before it is run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from devassist.app.wiring.project import Project, open_reader
from devassist.conflicts.branches import open_changes
from devassist.conflicts.foresight import Foresight, Predicted
from devassist.conflicts.outline import Outline
from devassist.domain.errors import NotFound
from devassist.domain.plan import Plan
from devassist.domain.roles import crew_of

NO_ESTIMATE = "no estimate: no run of this repository has been recorded yet"
_SPENT = """SELECT run, agent, SUM(calls) AS model_calls, SUM(input_tokens) AS input_tokens,
SUM(output_tokens) AS output_tokens, SUM(usd) AS usd FROM costs WHERE task <> 'plan' AND agent <> ''
GROUP BY run, agent"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentCost:
    """The model use of one agent of a past run. `agent` is TASK/ROLE."""

    run: str
    agent: str
    model_calls: int
    input_tokens: int
    output_tokens: int
    usd: float

    @property
    def role(self) -> str:
        return self.agent.rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The model use that is likely, from the agents of `runs` past runs."""

    runs: int
    model_calls: int
    input_tokens: int
    output_tokens: int
    usd: float

    def in_words(self) -> str:
        tokens = self.input_tokens + self.output_tokens
        likely = f"{self.model_calls} model calls, {tokens} tokens, {self.usd:.4f} USD"
        return f"about {likely} (medians of {self.runs} past runs)"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanForecast:
    """The likely conflicts of a plan, and its likely cost; None if no run has been recorded."""

    predicted: tuple[Predicted, ...]
    estimate: Estimate | None


def forecast(project: Project, plan: Plan, base: str) -> PlanForecast:
    """Predict what happens if `plan` runs from the commit `base`."""
    cache = project.host.state_dir / "symbols"
    outline = Outline(project.repository, base, cache, project.settings.conflicts.languages)
    predicted = Foresight(plan, outline, open_changes(project.repository, base)).predict()
    return PlanForecast(predicted=tuple(predicted), estimate=estimate(plan, _past_costs(project)))


def estimate_in_words(project: Project, plan: Plan) -> str:
    """The estimate of the plan's cost; empty if no run has been recorded."""
    likely = estimate(plan, _past_costs(project))
    return likely.in_words() if likely is not None else ""


def _past_costs(project: Project) -> list[AgentCost]:
    try:
        with open_reader(project) as reader:
            return [AgentCost(**row) for row in reader.select(_SPENT)]
    except NotFound:
        return []


def estimate(plan: Plan, past: Sequence[AgentCost]) -> Estimate | None:
    """
    Estimate the model use of the plan's agents: the sum over all crews of the median of each role's past agents.

    A role without past agents counts as the median of all. None without any past agent.
    """
    if not past:
        return None
    by_role: dict[str, list[AgentCost]] = defaultdict(list)
    for cost in past:
        by_role[cost.role].append(cost)
    crew = [
        role for task in plan.tasks for role in crew_of(task.role, review=task.review, tester=task.tester)
    ]
    examples = [by_role.get(role, past) for role in crew]
    return Estimate(
        runs=len({cost.run for cost in past}),
        model_calls=round(sum(median(cost.model_calls for cost in costs) for costs in examples)),
        input_tokens=round(sum(median(cost.input_tokens for cost in costs) for costs in examples)),
        output_tokens=round(sum(median(cost.output_tokens for cost in costs) for costs in examples)),
        usd=round(sum(median(cost.usd for cost in costs) for costs in examples), 6),
    )
