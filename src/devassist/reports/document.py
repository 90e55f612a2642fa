"""The report of a run as one JSON document, and its conflicts as SARIF. Pure."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from devassist.conflicts.outputs import sarif
from devassist.reports.facts import endings_of, next_steps, undo
from devassist.reports.story import Story


def document(story: Story) -> dict[str, Any]:
    """Everything that the other forms tell, under `devassist.report/1`."""
    state = story.state
    ended = endings_of(story)
    return {
        "schema": "devassist.report/1",
        "run": state.run,
        "summary": state.as_json(),
        "plan": state.plan,
        "landed": [{"task": name, "commit": one["commit"]} for name, one in story.merges.items()],
        "evidence": [
            {
                "task": name,
                "summaries": found.summaries,
                "claims": [one for claims in found.claims.values() for one in claims],
                "checks": [asdict(one) for one in found.checks.values()],
                "commits": found.commits,
            }
            for name, found in story.tasks.items()
        ],
        "conflicts": [{**one, "ended": ended.get(id_)} for id_, one in state.conflicts.items()],
        "waits": [asdict(one) for one in story.waits.values()],
        "decisions": story.decisions,
        "agents": [asdict(one) for one in story.spans],
        "costs": [
            {"task": task, "role": role, "model": model, **asdict(cost)}
            for (task, role, model), cost in story.costs.items()
        ],
        "rescued": state.rescued,
        "afterwards": story.taken,
        "undo": [command for _, command in undo(story)],
        "next": [command for _, command in next_steps(state)],
    }


def conflicts_sarif(story: Story) -> dict[str, Any]:
    """The run's conflicts for code scanning."""
    state = story.state
    tips = {agent.branch: agent.commit for task in state.work() for agent in task.agents.values()}
    found = list(state.conflicts.values())
    names = sorted({name for one in found for name in one.get("branches", ())})
    report = {
        "base": state.base,
        "branches": [{"name": name, "commit": tips.get(name, "")} for name in names],
        "conflicts": found,
        "order": [],
        "stats": {"branches": len(names)},
    }
    return sarif(report)
