"""
The documented views: what a person asks the log with `devassist audit sql`.

They hold no data of their own. A text longer than 1024 characters shows as its payload reference; a redacted
event shows as NULLs. The comment inside each view is kept by SQLite and shown by `.schema`.
"""

# ruff: noqa: S608 -- the parts are constants of this file

from __future__ import annotations


def _keys(*names: str) -> str:
    return ", ".join(f"json_extract(data, '$.{name}') AS \"{name}\"" for name in names)


_WHERE = "seq, at, run, task, agent"

VIEWS = {
    "runs": """
-- One row per run: what was asked, how it ended, what it cost. A resumed run is running again until it ends.
SELECT s.run, s.at AS started_at, f.at AS finished_at,
  CASE WHEN f.seq IS NULL OR EXISTS (SELECT 1 FROM events r WHERE r.run = s.run AND r.type = 'run.resumed'
    AND r.seq > f.seq) THEN 'running' ELSE json_extract(f.data, '$.status') END AS status,
  json_extract(f.data, '$.exit_code') AS exit_code, json_extract(s.data, '$.goal') AS goal,
  json_extract(s.data, '$.base') AS base, json_extract(s.data, '$.branch') AS branch,
  json_extract(f.data, '$.result_commit') AS result_commit,
  (SELECT COUNT(DISTINCT task) FROM events t WHERE t.run = s.run AND t.type = 'task.started') AS tasks,
  (SELECT COUNT(*) FROM events m WHERE m.run = s.run AND m.type = 'model.called') AS model_calls,
  (SELECT COALESCE(SUM(json_extract(m.data, '$.usd')), 0.0) FROM events m
    WHERE m.run = s.run AND m.type = 'model.called') AS usd
FROM events s LEFT JOIN events f
  ON f.seq = (SELECT MAX(seq) FROM events WHERE run = s.run AND type = 'run.finished')
WHERE s.type = 'run.started'
  AND s.seq = (SELECT MIN(seq) FROM events WHERE run = s.run AND type = 'run.started')""",
    "tasks": """
-- One row per task of a run: its title, role, how far it came and how sure its agents were.
SELECT s.run, s.task, json_extract(s.data, '$.title') AS title, json_extract(s.data, '$.role') AS role,
  COALESCE(json_extract(f.data, '$.status'), CASE WHEN EXISTS (SELECT 1 FROM events d WHERE d.run = s.run
    AND d.task = s.task AND d.type = 'task.delivered') THEN 'delivered' ELSE 'running' END) AS status,
  (SELECT MAX(json_extract(a.data, '$.round')) FROM events a WHERE a.run = s.run AND a.task = s.task
    AND a.type = 'agent.started') AS rounds,
  json_extract(f.data, '$.confidence') AS confidence, json_extract(f.data, '$.error') AS error,
  s.at AS started_at, f.at AS finished_at
FROM events s LEFT JOIN events f ON f.seq = (SELECT MAX(seq) FROM events
  WHERE run = s.run AND task = s.task AND type = 'task.finished')
WHERE s.type = 'task.started' AND s.seq = (SELECT MIN(seq) FROM events
  WHERE run = s.run AND task = s.task AND type = 'task.started')""",
    "agents": """
-- One row per start of an agent: where it worked, with which model, what it delivered.
SELECT s.seq, s.run, s.task, s.agent, json_extract(s.data, '$.role') AS role,
  json_extract(s.data, '$.round') AS round, json_extract(s.data, '$.model') AS model,
  json_extract(s.data, '$.branch') AS branch, json_extract(s.data, '$.worktree') AS worktree,
  COALESCE(json_extract(f.data, '$.status'), 'running') AS status,
  json_extract(f.data, '$.commit') AS "commit", json_extract(f.data, '$.turns') AS turns,
  json_extract(f.data, '$.error') AS error, s.at AS started_at, f.at AS finished_at
FROM events s LEFT JOIN events f ON f.seq = (SELECT MIN(seq) FROM events WHERE run = s.run
  AND agent = s.agent AND type = 'agent.finished' AND seq > s.seq
  AND json_extract(data, '$.round') IS json_extract(s.data, '$.round'))
WHERE s.type = 'agent.started'""",
    "model_calls": f"""
-- One row per attempt at a model call (one HTTP request), with its tokens, price and time.
SELECT {_WHERE}, {
        _keys(
            *("role", "round", "turn", "model", "attempt", "status", "input_tokens", "output_tokens"),
            *("usd", "latency_ms", "finish_reason", "error"),
        )
    }
FROM events WHERE type = 'model.called'""",
    "tool_calls": f"""
-- One row per tool an agent used; id is what claims cite as evidence.
SELECT {_WHERE}, id, {
        _keys(
            *("role", "round", "name", "arguments", "ok", "result", "wrote", "read", "seconds"),
            "tool_call_id",
        )
    }
FROM events WHERE type = 'tool.called'""",
    "commands": f"""
-- One row per command that ran, with the sandbox tier it ran in.
SELECT {_WHERE}, {_keys("command", "exit_code", "seconds", "tier", "cwd", "purpose", "unsafe", "output")}
FROM events WHERE type = 'command.ran'""",
    "decisions": f"""
-- One row per decision: who made it, between what, why, and how sure.
SELECT {_WHERE}, {_keys("who", "question", "options", "choice", "reason", "confidence")}
FROM events WHERE type = 'decision.made'""",
    "handoffs": f"""
-- One row per hand-off between agents; claims is how many claims it makes.
SELECT {_WHERE}, {_keys("role", "round", "kind", "summary", "confidence", "intent", "urgency")},
  COALESCE(json_array_length(data, '$.claims'), 0) AS claims
FROM events WHERE type = 'handoff.submitted'""",
    "approvals": """
-- One row per approval asked for; choice is NULL while a person has not answered.
SELECT q.seq, q.run, q.task, q.agent, json_extract(q.data, '$.approval') AS approval,
  json_extract(q.data, '$.kind') AS kind, json_extract(q.data, '$.question') AS question,
  json_extract(q.data, '$.options') AS options, json_extract(q.data, '$.binds_to') AS binds_to,
  q.at AS requested_at, json_extract(a.data, '$.choice') AS choice, json_extract(a.data, '$.by') AS "by",
  json_extract(a.data, '$.reason') AS reason, a.at AS decided_at
FROM events q LEFT JOIN events a ON a.seq = (SELECT MIN(seq) FROM events WHERE run = q.run
  AND type = 'approval.decided' AND seq > q.seq
  AND json_extract(data, '$.approval') = json_extract(q.data, '$.approval'))
WHERE q.type = 'approval.requested'""",
    "conflicts": """
-- One row per conflict and run, as it was found last, with its latest status.
SELECT f.seq, f.at, f.run, f.task, json_extract(f.data, '$.conflict') AS conflict,
  json_extract(f.data, '$.level') AS level, json_extract(f.data, '$.kind') AS kind,
  json_extract(f.data, '$.severity') AS severity, json_extract(f.data, '$.branches') AS branches,
  json_extract(f.data, '$.path') AS path, json_extract(f.data, '$.explanation') AS explanation,
  CASE WHEN r.seq IS NULL THEN json_extract(f.data, '$.status')
    ELSE COALESCE(json_extract(r.data, '$.status'), 'resolved') END AS status
FROM events f LEFT JOIN events r ON r.seq = (SELECT MAX(seq) FROM events WHERE run = f.run
  AND type = 'conflict.resolved' AND seq > f.seq
  AND json_extract(data, '$.conflict') = json_extract(f.data, '$.conflict'))
WHERE f.type = 'conflict.found' AND NOT EXISTS (SELECT 1 FROM events WHERE run = f.run
  AND type = 'conflict.found' AND seq > f.seq
  AND json_extract(data, '$.conflict') = json_extract(f.data, '$.conflict'))""",
    "commits": f"""
-- One row per commit devassist made: by agents (kind commit) and landings (kind merge, branch is the ref).
SELECT {_WHERE}, CASE type WHEN 'merge.completed' THEN 'merge' ELSE 'commit' END AS kind,
  {_keys("commit", "tree", "parents", "role", "paths")},
  COALESCE(json_extract(data, '$.branch'), json_extract(data, '$.ref')) AS branch
FROM events WHERE type IN ('commit.created', 'merge.completed')""",
    "costs": """
-- What was spent, by run, task, agent and model. An unknown price counts as 0.
SELECT run, task, agent, json_extract(data, '$.role') AS role, json_extract(data, '$.model') AS model,
  COUNT(*) AS calls, COALESCE(SUM(json_extract(data, '$.input_tokens')), 0) AS input_tokens,
  COALESCE(SUM(json_extract(data, '$.output_tokens')), 0) AS output_tokens,
  COALESCE(SUM(json_extract(data, '$.usd')), 0.0) AS usd
FROM events WHERE type = 'model.called' GROUP BY run, task, agent, role, model""",
}
