"""The records of one run in which everything happens that a report can tell, with words that try to be markup."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from devassist.domain.events import EventType, Record
from support.facts import event as event_of

RUN = "brisk-heron-3f2a"
HOSTILE = '<script>alert(1)</script> ::error::x ![i](http://evil.example/x.png) | `a` ]]> &amp; "q" \x00\x1b[31m\u202e @you #12 **b**'
"""What an agent may say."""
_START = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
_RESULT = f"devassist/{RUN}/result"


class Tale:
    """Makes records, each a second after the one before."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def tell(self, type_: EventType, task: str = "", agent: str = "", /, **data: Any) -> Record:
        seq = len(self.records) + 1
        at = (_START + timedelta(seconds=seq)).isoformat(timespec="microseconds").replace("+00:00", "Z")
        event = event_of(type_, run=RUN, task=task, agent=agent, id=f"e{seq}", data=data)
        self.records.append(Record(seq=seq, at=at, event=event))
        return self.records[-1]

    def agent(
        self, task: str, role: str, *, round_: int = 1, status: str = "done", said: str = "done"
    ) -> None:
        """An agent from start to end: a model call, a command, a handoff with a claim, a commit."""
        who = f"{task}/{role}"
        self.tell(
            EventType.AGENT_STARTED, task, who, role=role, round=round_, branch=f"devassist/{RUN}/{who}",
            worktree="/w", commit="b" * 40, model="openai/m",
        )  # fmt: skip
        self.tell(
            EventType.MODEL_CALLED, task, who, status="ok", model="openai/m", answered_by="openai/m",
            input_tokens=100, cached_input_tokens=60, output_tokens=10, usd=0.25 if role == "coder" else None, latency_ms=700.0,
        )  # fmt: skip
        self.tell(
            EventType.COMMAND_RAN, task, who, command="make", exit_code=0 if status == "done" else 2,
            output="", seconds=0.5, purpose="command",
        )  # fmt: skip
        self.tell(EventType.HANDOFF_SUBMITTED, task, who, summary=said, kind="work", confidence=0.9)
        self.tell(
            EventType.CLAIM_CHECKED, task, who, statement=said, verdict="verified", evidence="ev-1", reason="it ran"
        )  # fmt: skip
        self.tell(EventType.COMMIT_CREATED, task, who, commit="c" * 40, paths=["a.py", HOSTILE], round=round_)
        self.tell(EventType.AGENT_FINISHED, task, who, status=status, commit="c" * 40)

    def check(self, task: str, command: str, code: int, output: str = "", purpose: str = "gate") -> None:
        self.tell(
            EventType.COMMAND_RAN, task, command=command, exit_code=code, output=output, seconds=1.5, purpose=purpose
        )  # fmt: skip

    def end(self, task: str, status: str, error: str = "") -> None:
        self.tell(EventType.TASK_FINISHED, task, status=status, error=error, confidence=0.9)


def whole_tale() -> list[Record]:
    """`good` lands, `bad` fails a check, `clash` is delivered and conflicts, `asks` waits; then a pull request."""
    tale = Tale()
    tale.tell(
        EventType.RUN_STARTED, goal=f"Make it better\n{HOSTILE}", base="b" * 40, branch="main",
        settings={"limits": {}}, models={},
    )  # fmt: skip
    plan = {"goal": "g", "tasks": [
        {"id": "good", "title": HOSTILE, "role": "coder", "scope": ["src/**", "a|b"], "depends_on": [], "checks": []},
        {"id": "bad", "title": "Bad", "role": "coder", "scope": [], "depends_on": ["good"], "checks": []},
        {"id": "clash", "title": "Clash", "role": "coder", "scope": [], "depends_on": [], "checks": []},
        {"id": "asks", "title": "Asks", "role": "coder", "scope": [], "depends_on": [], "checks": []},
    ]}  # fmt: skip
    tale.tell(EventType.PLAN_SUBMITTED, plan=plan, source="file")
    for name in ("good", "bad", "clash", "asks"):
        tale.tell(EventType.TASK_STARTED, name, title=name)
        tale.tell(EventType.ROUND_STARTED, name, round=1)
    tale.agent("good", "coder", said=HOSTILE)
    tale.agent("good", "reviewer")
    tale.tell(
        EventType.DECISION_MADE, "good", who="agent good/reviewer", question="is the change right?",
        options=["approve", "request_changes"], choice="approve", reason=HOSTILE, confidence=0.9,
    )  # fmt: skip
    tale.agent("bad", "coder", status="failed")
    tale.agent("clash", "coder")
    tale.agent("asks", "coder")
    tale.check("good", "pytest", 0)
    tale.check("good", "rotten", 1, "old")
    tale.check("good", "rotten", 1, purpose="base")
    tale.tell(
        EventType.MERGE_COMPLETED, "good", commit="d" * 40, ref=f"refs/heads/{_RESULT}", parents=["b" * 40, "c" * 40],
        approver="policy",
    )  # fmt: skip
    tale.end("good", "merged")
    tale.check("bad", f"pytest {HOSTILE}", 3, f"{HOSTILE}\n1 failed\ud800")
    tale.end("bad", "failed", f"checks fail on the merged tree: {HOSTILE}\nlast line")
    conflict = {
        "id": "c-1", "level": "text", "kind": "content", "severity": "error", "path": "docs/a b.md", "symbol": None,
        "branches": [f"devassist/{RUN}/good/coder", f"devassist/{RUN}/clash/coder"], "locations": [],
        "explanation": f"docs was changed on both sides {HOSTILE}", "suggestion": "merge by hand", "status": "open",
    }  # fmt: skip
    tale.tell(EventType.CONFLICT_FOUND, "clash", conflict="c-1", base="b" * 40, **conflict)
    tale.end("clash", "delivered", "not merged: conflicts in docs/a b.md")
    tale.tell(
        EventType.APPROVAL_REQUESTED,
        "asks",
        approval="q-1",
        kind="merge",
        question=f"merge it? {HOSTILE}",
        options=[],
    )
    tale.tell(EventType.SNAPSHOT_TAKEN, "bad", "bad/coder", ref=f"refs/devassist/rescue/{RUN}/bad/coder")
    tale.tell(EventType.WARNING_RAISED, text=f"mind this {HOSTILE}")
    tale.tell(
        EventType.RUN_FINISHED, status="waiting", exit_code=3, result_commit="d" * 40, wall_s=61.0,
        report="/r.md", error="waits for a person", hint="devassist show",
    )  # fmt: skip
    tale.tell(EventType.BRANCH_PUSHED, branch=_RESULT, commit="d" * 40, remote="origin")
    tale.tell(
        EventType.PR_OPENED,
        branch=_RESULT,
        commit="d" * 40,
        remote="origin",
        url="https://example.org/pull/1",
    )
    tale.tell(
        EventType.MERGE_COMPLETED,
        commit="e" * 40,
        ref="refs/heads/main",
        parents=["b" * 40, "d" * 40],
        approver="person",
    )
    return tale.records
