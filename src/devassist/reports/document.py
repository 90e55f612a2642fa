"""The report of a run as the JSON document `devassist.report/1`, and its conflicts as SARIF. Pure."""

from __future__ import annotations

import msgspec

from devassist.conflicts.outputs import BranchRecord, ConflictRecord, ConflictReport, ConflictStats
from devassist.conflicts.sarif import sarif
from devassist.domain.events import ConflictFound
from devassist.reports.facts import endings_of, next_steps, undo
from devassist.reports.run_document import Json, RunDocument
from devassist.reports.run_document import builtins as _fields
from devassist.reports.story import Story


def document(story: Story) -> Json:
    """Everything that the other forms tell."""
    state = story.state
    ended = endings_of(story)
    return {
        "schema": "devassist.report/1",
        "run": state.run,
        "summary": _json(RunDocument.of(state)),
        "plan": _json(state.plan),
        "landed": [{"task": name, "commit": merge.commit} for name, merge in story.merges.items()],
        "evidence": _evidence(story),
        "conflicts": [
            {**_fields(conflict), "ended": ended.get(id_)} for id_, conflict in state.conflicts.items()
        ],
        "waits": _json(list(story.waits.values())),
        "decisions": [
            {**_fields(decision.made), "task": decision.task, "at": decision.at}
            for decision in story.decisions
        ],
        "agents": _json(story.spans),
        "costs": [
            {"task": task, "role": role, "model": model, **_fields(cost)}
            for (task, role, model), cost in story.costs.items()
        ],
        "rescued": state.rescued,
        "afterwards": [
            {**_fields(taken.act), "type": str(taken.act.type), "at": taken.at} for taken in story.taken
        ],
        "undo": [step.command for step in undo(story)],
        "next": [step.command for step in next_steps(state)],
    }


def conflicts_sarif(story: Story) -> Json:
    """The run's conflicts for code scanning."""
    state = story.state
    tips = {agent.branch: agent.commit for task in state.work() for agent in task.agents.values()}
    conflicts = list(state.conflicts.values())
    names = sorted({name for conflict in conflicts for name in conflict.branches})
    report = ConflictReport(
        base=state.base,
        branches=tuple(BranchRecord(name=name, commit=tips.get(name, "")) for name in names),
        conflicts=tuple(_record(conflict) for conflict in conflicts),
        order=(),
        stats=ConflictStats(branches=len(names)),
    )
    return _fields(sarif(report))


def _record(conflict: ConflictFound) -> ConflictRecord:
    return ConflictRecord(
        id=conflict.id,
        level=conflict.level,
        kind=conflict.kind,
        severity=conflict.severity,
        branches=conflict.branches,
        path=conflict.path,
        symbol=conflict.symbol,
        locations=conflict.locations,
        explanation=conflict.explanation,
        suggestion=conflict.suggestion,
        status=conflict.status,
    )


def _evidence(story: Story) -> list[Json]:
    return [
        {
            "task": name,
            "summaries": evidence.summaries,
            "claims": [_json(claim) for claims in evidence.claims.values() for claim in claims],
            "checks": _json(list(evidence.checks.values())),
            "commits": [{**_fields(commit.created), "agent": commit.agent} for commit in evidence.commits],
        }
        for name, evidence in story.tasks.items()
    ]


def _json(value: object) -> object:
    shaped: object = msgspec.to_builtins(value)
    return shaped
