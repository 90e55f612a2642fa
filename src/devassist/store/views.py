"""
The documented views: what a person asks the log with `devassist audit sql`.

Their columns are fields of the event classes, so that no view can name a key that nobody writes. They hold no
data of their own. A text longer than 1024 characters shows as its payload reference; a redacted event shows as
NULLs. The comment inside each view is kept by SQLite and shown by `.schema`.
"""

# ruff: noqa: S608 -- the parts are constants of this file

from __future__ import annotations

from dataclasses import fields

from devassist.domain.events import (
    AgentFinished,
    AgentStarted,
    ApprovalDecided,
    ApprovalRequested,
    CommandRan,
    CommitCreated,
    ConflictFound,
    ConflictResolved,
    DecisionMade,
    Fact,
    HandoffSubmitted,
    LandingJudged,
    MergeCompleted,
    ModelCalled,
    RunFinished,
    RunStarted,
    TaskFinished,
    TaskStarted,
    ToolCalled,
)
from devassist.domain.verdicts import JudgedCheck


def _value(body: type[Fact], name: str, source: str = "") -> str:
    """SQL for one field of an event of this class; `source` is the table's alias. Raises LookupError."""
    if name not in {field.name for field in fields(body)}:
        raise LookupError(f"{body.__name__} has no field {name!r}")
    return f"json_extract({source}{'.' if source else ''}data, '$.{name}')"


def _columns(body: type[Fact], *names: str, source: str = "") -> str:
    """SELECT's list for fields; `field:column` names a column otherwise than its field."""
    pairs = [name.partition(":") for name in names]
    return ", ".join(f'{_value(body, field, source)} AS "{column or field}"' for field, _, column in pairs)


def _all_but(body: type[Fact], *names: str) -> str:
    return _columns(body, *(field.name for field in fields(body) if field.name not in names))


def _items(value: type[JudgedCheck], source: str) -> str:
    """SELECT's list for every field of the values of a list that `json_each` goes through as `source`."""
    names = [field.name for field in fields(value)]
    return ", ".join(f"json_extract({source}.value, '$.{name}') AS \"{name}\"" for name in names)


_WHERE = "seq, at, run, task, agent"

VIEWS = {
    "runs": f"""
-- One row per run: what was asked, how it ended, what it cost. A resumed run is running again until it ends.
SELECT s.run, s.at AS started_at, f.at AS finished_at,
  CASE WHEN f.seq IS NULL OR EXISTS (SELECT 1 FROM events r WHERE r.run = s.run AND r.type = 'run.resumed'
    AND r.seq > f.seq) THEN 'running' ELSE {_value(RunFinished, "status", "f")} END AS status,
  {_columns(RunFinished, "exit_code", source="f")}, {_columns(RunStarted, "goal", "base", "branch", source="s")},
  {_columns(RunFinished, "result_commit", source="f")},
  (SELECT COUNT(DISTINCT task) FROM events t WHERE t.run = s.run AND t.type = 'task.started') AS tasks,
  (SELECT COUNT(*) FROM events m WHERE m.run = s.run AND m.type = 'model.called') AS model_calls,
  (SELECT COALESCE(SUM({_value(ModelCalled, "usd", "m")}), 0.0) FROM events m
    WHERE m.run = s.run AND m.type = 'model.called') AS usd
FROM events s LEFT JOIN events f
  ON f.seq = (SELECT MAX(seq) FROM events WHERE run = s.run AND type = 'run.finished')
WHERE s.type = 'run.started'
  AND s.seq = (SELECT MIN(seq) FROM events WHERE run = s.run AND type = 'run.started')""",
    "tasks": f"""
-- One row per task of a run: its title, role, how far it came and how sure its agents were.
SELECT s.run, s.task, {_columns(TaskStarted, "title", "role", source="s")},
  COALESCE({_value(TaskFinished, "status", "f")}, CASE WHEN EXISTS (SELECT 1 FROM events d WHERE d.run = s.run
    AND d.task = s.task AND d.type = 'task.delivered') THEN 'delivered' ELSE 'running' END) AS status,
  (SELECT MAX({_value(AgentStarted, "round", "a")}) FROM events a WHERE a.run = s.run AND a.task = s.task
    AND a.type = 'agent.started') AS rounds,
  {_columns(TaskFinished, "confidence", "error", source="f")}, s.at AS started_at, f.at AS finished_at
FROM events s LEFT JOIN events f ON f.seq = (SELECT MAX(seq) FROM events
  WHERE run = s.run AND task = s.task AND type = 'task.finished')
WHERE s.type = 'task.started' AND s.seq = (SELECT MIN(seq) FROM events
  WHERE run = s.run AND task = s.task AND type = 'task.started')""",
    "agents": f"""
-- One row per start of an agent: where it worked, with which model, what it delivered.
SELECT s.seq, s.run, s.task, s.agent,
  {_columns(AgentStarted, "role", "round", "model", "branch", "worktree", source="s")},
  COALESCE({_value(AgentFinished, "status", "f")}, 'running') AS status,
  {_columns(AgentFinished, "commit", "turns", "error", source="f")}, s.at AS started_at, f.at AS finished_at
FROM events s LEFT JOIN events f ON f.seq = (SELECT MIN(seq) FROM events WHERE run = s.run
  AND agent = s.agent AND type = 'agent.finished' AND seq > s.seq
  AND {_value(AgentFinished, "round")} IS {_value(AgentStarted, "round", "s")})
WHERE s.type = 'agent.started'""",
    "model_calls": f"""
-- One row per attempt at a model call (one HTTP request), with its tokens, price and time.
SELECT {_WHERE}, {_all_but(ModelCalled, "messages", "tools", "reply")}
FROM events WHERE type = 'model.called'""",
    "tool_calls": f"""
-- One row per tool an agent used; id is what claims cite as evidence.
SELECT {_WHERE}, id, {_all_but(ToolCalled)}
FROM events WHERE type = 'tool.called'""",
    "commands": f"""
-- One row per command that ran, with the sandbox tier it ran in.
SELECT {_WHERE}, {_all_but(CommandRan)}
FROM events WHERE type = 'command.ran'""",
    "decisions": f"""
-- One row per decision: who made it, between what, why, and how sure.
SELECT {_WHERE}, {_all_but(DecisionMade, "offer")}
FROM events WHERE type = 'decision.made'""",
    "handoffs": f"""
-- One row per hand-off between agents; claims is how many claims it makes.
SELECT {_WHERE},
  {_columns(HandoffSubmitted, "role", "round", "turns", "kind", "summary", "confidence", "intent")},
  {_columns(HandoffSubmitted, "urgency", "verdict")}, COALESCE(json_array_length(data, '$.claims'), 0) AS claims
FROM events WHERE type = 'handoff.submitted'""",
    "approvals": f"""
-- One row per approval asked for; choice is NULL while nobody has answered.
SELECT q.seq, q.run, q.task, q.agent,
  {_columns(ApprovalRequested, "approval", "kind", "question", "options", "binds_to", source="q")},
  q.at AS requested_at, {_columns(ApprovalDecided, "choice", "who:by", "reason", "answer", source="a")},
  a.at AS decided_at
FROM events q LEFT JOIN events a ON a.seq = (SELECT MIN(seq) FROM events WHERE run = q.run
  AND type = 'approval.decided' AND seq > q.seq
  AND {_value(ApprovalDecided, "approval")} = {_value(ApprovalRequested, "approval", "q")})
WHERE q.type = 'approval.requested'""",
    "conflicts": f"""
-- One row per conflict and run, as it was found last, with its latest status.
SELECT f.seq, f.at, f.run, f.task,
  {_columns(ConflictFound, "conflict", "level", "kind", "severity", source="f")},
  {_columns(ConflictFound, "branches", "path", "symbol", "explanation", source="f")},
  CASE WHEN r.seq IS NULL THEN {_value(ConflictFound, "status", "f")}
    ELSE COALESCE({_value(ConflictResolved, "status", "r")}, 'resolved') END AS status
FROM events f LEFT JOIN events r ON r.seq = (SELECT MAX(seq) FROM events WHERE run = f.run
  AND type = 'conflict.resolved' AND seq > f.seq
  AND {_value(ConflictResolved, "conflict")} = {_value(ConflictFound, "conflict", "f")})
WHERE f.type = 'conflict.found' AND NOT EXISTS (SELECT 1 FROM events WHERE run = f.run
  AND type = 'conflict.found' AND seq > f.seq
  AND {_value(ConflictFound, "conflict")} = {_value(ConflictFound, "conflict", "f")})""",
    "commits": f"""
-- One row per commit devassist made: by agents (kind commit) and landings (kind merge, branch is the ref).
SELECT {_WHERE}, CASE type WHEN 'merge.completed' THEN 'merge' ELSE 'commit' END AS kind,
  {_columns(CommitCreated, "commit", "tree", "parents", "role", "paths")},
  COALESCE({_value(CommitCreated, "branch")}, {_value(MergeCompleted, "ref")}) AS branch
FROM events WHERE type IN ('commit.created', 'merge.completed')""",
    "tests": f"""
-- One row per check of each landing: what it made of the tests, by case id. A task that was judged again has more rows.
SELECT e.seq, e.at, e.run, e.task, {_columns(LandingJudged, "tree", "verification", source="e")},
  {_items(JudgedCheck, "c")}
FROM events e, json_each({_value(LandingJudged, "checks", "e")}) c WHERE e.type = 'landing.judged'""",
    "costs": f"""
-- What was spent, by run, task, agent and model. An unknown price counts as 0.
SELECT run, task, agent, {_columns(ModelCalled, "role", "model")},
  COUNT(*) AS calls, COALESCE(SUM({_value(ModelCalled, "input_tokens")}), 0) AS input_tokens,
  COALESCE(SUM({_value(ModelCalled, "output_tokens")}), 0) AS output_tokens,
  COALESCE(SUM({_value(ModelCalled, "usd")}), 0.0) AS usd,
  COALESCE(SUM({_value(ModelCalled, "cached_input_tokens")}), 0) AS cached_input_tokens,
  COALESCE(SUM({_value(ModelCalled, "cache_written_tokens")}), 0) AS cache_written_tokens
FROM events WHERE type = 'model.called' GROUP BY run, task, agent, role, model""",
}
