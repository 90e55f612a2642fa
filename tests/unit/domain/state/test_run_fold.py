"""The fold: what the log says is what a run looks like, wherever the reading stops and goes on."""

from __future__ import annotations

import copy
from dataclasses import asdict, replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from devassist.domain.events import EventType, Record
from devassist.domain.ids import PLANNING, result_branch
from devassist.domain.state.run import RunState
from devassist.domain.statuses import RunStatus, TaskStatus
from devassist.reports.run_document import RunDocument, builtins
from support.facts import event as event_of

RUN = "brisk-heron-3f2a"
_PLAN = {
    "goal": "a goal",
    "tasks": [
        {"id": "t1", "title": "One", "role": "coder"},
        {"id": "t2", "title": "Two", "role": "tester"},
    ],
}


def record(seq: int, type_: EventType, task: str = "", agent: str = "", **data: Any) -> Record:
    event = event_of(type_, run=RUN, task=task, agent=agent, id=f"e{seq}", data=data)
    return Record(seq=seq, at=f"2026-01-01T00:00:{seq % 60:02d}.000000Z", event=event)


_TASK = st.sampled_from(["t1", "t2", "t9", PLANNING, ""])
_NUMBER = st.integers(min_value=0, max_value=1000)
_USD = st.sampled_from([None, 0.0, 0.125, 0.5])
_DATA: dict[EventType, st.SearchStrategy[dict[str, Any]]] = {
    EventType.RUN_STARTED: st.just(
        {"goal": "a goal", "base": "b" * 40, "settings": {"limits": {"max_usd": 5.0}}}
    ),
    EventType.RUN_RESUMED: st.just({}),
    EventType.RUN_FINISHED: st.fixed_dictionaries(
        {"status": st.sampled_from([str(one) for one in RunStatus]), "exit_code": st.integers(0, 7)},
        optional={"result_commit": st.just("c" * 40), "error": st.just("why")},
    ),
    EventType.PLAN_SUBMITTED: st.just({"plan": _PLAN}),
    EventType.TASK_STARTED: st.just({}),
    EventType.TASK_DELIVERED: st.just({"confidence": 0.9, "commit": "d" * 40}),
    EventType.TASK_FINISHED: st.fixed_dictionaries(
        {"status": st.sampled_from([str(one) for one in TaskStatus])}, optional={"error": st.just("why")}
    ),
    EventType.ROUND_STARTED: st.fixed_dictionaries({"round": st.integers(1, 3)}),
    EventType.AGENT_STARTED: st.just({"branch": "b", "worktree": "w"}),
    EventType.AGENT_FINISHED: st.just({"status": "done", "commit": "e" * 40}),
    EventType.MODEL_INTENDED: st.just({}),
    EventType.MODEL_CALLED: st.fixed_dictionaries(
        {
            "status": st.sampled_from(["ok", "error"]),
            "input_tokens": _NUMBER,
            "output_tokens": _NUMBER,
            "usd": _USD,
        }
    ),
    EventType.TOOL_CALLED: st.just({"name": "read_file", "subject": "a.py"}),
    EventType.COMMAND_INTENDED: st.just({"command": "true"}),
    EventType.COMMAND_RAN: st.fixed_dictionaries(
        {
            "command": st.just("true"),
            "exit_code": st.integers(0, 2),
            "purpose": st.sampled_from(["gate", "command"]),
        }
    ),
    EventType.HANDOFF_SUBMITTED: st.just({}),
    EventType.CLAIM_CHECKED: st.fixed_dictionaries(
        {"verdict": st.sampled_from(["verified", "contradicted", "uncited"])}
    ),
    EventType.COMMIT_CREATED: st.just({"commit": "f" * 40}),
    EventType.CONFLICT_FOUND: st.fixed_dictionaries({"conflict": st.sampled_from(["c-1", "c-2"])}),
    EventType.APPROVAL_REQUESTED: st.fixed_dictionaries(
        {
            "approval": st.sampled_from(["a-1", "a-2"]),
            "kind": st.just("merge"),
            "question": st.just("land it?"),
        }
    ),
    EventType.APPROVAL_DECIDED: st.fixed_dictionaries({"approval": st.sampled_from(["a-1", "a-2"])}),
    EventType.MERGE_COMPLETED: st.fixed_dictionaries(
        {
            "ref": st.sampled_from([f"refs/heads/{result_branch(RUN)}", "refs/heads/main"]),
            "commit": st.just("9" * 40),
        }
    ),
    EventType.SNAPSHOT_TAKEN: st.just({"ref": "refs/devassist/rescue/x"}),
    EventType.WARNING_RAISED: st.just({"text": "look"}),
    EventType.NOTE_POSTED: st.just({"text": "note", "paths": []}),
    EventType.DISCARDED: st.just({}),
    EventType.WORKTREE_OPENED: st.just({}),
    EventType.DECISION_MADE: st.just({}),
}


@st.composite
def logs(draw: st.DrawFn) -> list[Record]:
    """Records of any type in any order: the log of a run that was cut, killed and resumed may look like it."""
    found = []
    for seq in range(1, draw(st.integers(min_value=0, max_value=25)) + 1):
        kind = draw(st.sampled_from(list(_DATA)))
        task = draw(_TASK)
        agent = f"{task}/{draw(st.sampled_from(['coder', 'tester', 'reviewer']))}" if task else ""
        found.append(record(seq, kind, task, agent, **draw(_DATA[kind])))
    return found


def started(*more: Record) -> list[Record]:
    return [
        record(1, EventType.RUN_STARTED, goal="a goal", base="b" * 40),
        record(2, EventType.PLAN_SUBMITTED, plan=_PLAN),
        *more,
    ]


@given(logs(), st.integers(min_value=0, max_value=25))
def test_reading_may_stop_anywhere_and_go_on(log: list[Record], cut: int) -> None:
    state = RunState.fold(log[:cut])
    for one in log[cut:]:
        state.apply(one)
    assert state == RunState.fold(log)


@given(logs())
def test_the_fold_changes_no_record_and_always_has_a_document(log: list[Record]) -> None:
    before = copy.deepcopy(log)
    document = builtins(RunDocument.of(RunState.fold(log)))
    assert log == before
    assert document["schema"] == "devassist.run/1"
    assert document["usage"]["model_calls"] == sum(one.type is EventType.MODEL_CALLED for one in log)


@given(logs())
def test_the_costs_of_agents_never_exceed_the_runs(log: list[Record]) -> None:
    state = RunState.fold(log)
    agents = [agent for one in state.tasks.values() for agent in one.agents.values()]
    assert sum(one.usd for one in agents) <= state.usage.usd
    assert sum(one.input_tokens for one in agents) <= state.usage.input_tokens


def test_an_event_that_says_nothing_of_the_state_moves_only_the_sequence() -> None:
    state = RunState.fold(started())
    state.apply(record(3, EventType.BRANCH_STALED))
    expected = RunState.fold(started())
    expected.last_seq = 3
    expected.sessions[-1].seen(state.sessions[-1].last_at)
    assert state == expected


def test_the_time_between_a_crash_and_what_a_person_says_to_it_is_not_the_runs() -> None:
    def at(seq: int, time: str, type_: EventType, **data: Any) -> Record:
        return replace(record(seq, type_, **data), at=f"2026-01-0{time}.000000+00:00")

    state = RunState.fold(
        [
            at(1, "1T10:00:00", EventType.RUN_STARTED, goal="a goal", base="b" * 40),
            at(2, "1T10:00:30", EventType.RUN_BEAT),
            at(3, "1T10:01:00", EventType.RUN_BEAT),  # killed after this
            at(4, "2T09:00:00", EventType.APPROVAL_DECIDED, approval="x", choice="approve"),
            at(5, "2T11:00:00", EventType.RUN_RESUMED),
            at(6, "2T11:00:30", EventType.RUN_BEAT),
            at(7, "2T11:00:10", EventType.RUN_BEAT),  # the clock was set back
            at(8, "2T11:00:20", EventType.RUN_FINISHED, status="succeeded"),
        ]
    )
    assert [one.seconds for one in state.sessions] == [60.0, 40.0]


def test_a_task_goes_from_pending_to_merged() -> None:
    log = started(
        record(3, EventType.TASK_STARTED, "t1"),
        record(4, EventType.ROUND_STARTED, "t1", round=1),
        record(5, EventType.AGENT_STARTED, "t1", "t1/coder", branch="devassist/r/t1/coder", worktree="/w"),
        record(6, EventType.COMMIT_CREATED, "t1", "t1/coder", commit="c" * 40),
        record(7, EventType.TASK_DELIVERED, "t1", confidence=0.9, commit="c" * 40),
        record(8, EventType.MERGE_COMPLETED, "t1", ref=f"refs/heads/{result_branch(RUN)}", commit="d" * 40),
    )
    seen = [RunState.fold(log[:cut]).tasks["t1"].status for cut in (2, 3, 7, 8)]
    assert seen == [TaskStatus.PENDING, TaskStatus.RUNNING, TaskStatus.DELIVERED, TaskStatus.MERGED]
    state = RunState.fold(log)
    assert state.result_commit == "d" * 40
    assert state.tasks["t1"].rounds == 1
    assert state.tasks["t1"].agents["coder"].commit == "c" * 40
    assert state.tasks["t2"].status is TaskStatus.PENDING


def test_taking_a_result_over_into_a_branch_leaves_the_run_as_it_was() -> None:
    log = started(record(3, EventType.MERGE_COMPLETED, "t1", ref="refs/heads/main", commit="d" * 40))
    assert RunState.fold(log).result_commit is None
    assert RunState.fold(log).tasks["t1"].status is TaskStatus.PENDING


def test_only_the_claims_of_the_last_handoff_count() -> None:
    log = started(
        record(3, EventType.AGENT_STARTED, "t1", "t1/coder"),
        record(4, EventType.HANDOFF_SUBMITTED, "t1", "t1/coder"),
        record(5, EventType.CLAIM_CHECKED, "t1", "t1/coder", verdict="contradicted"),
        record(6, EventType.HANDOFF_SUBMITTED, "t1", "t1/coder"),
        record(7, EventType.CLAIM_CHECKED, "t1", "t1/coder", verdict="verified"),
    )
    assert RunState.fold(log[:5]).tasks["t1"].claims() == {
        "verified": 0,
        "contradicted": 1,
        "stale": 0,
        "uncited": 0,
    }
    assert RunState.fold(log).tasks["t1"].claims() == {
        "verified": 1,
        "contradicted": 0,
        "stale": 0,
        "uncited": 0,
    }


def test_planning_is_a_task_of_its_own_and_not_of_the_plan() -> None:
    log = [
        record(1, EventType.RUN_STARTED, goal="g", base="b"),
        record(
            2,
            EventType.MODEL_CALLED,
            PLANNING,
            f"{PLANNING}/orchestrator",
            status="ok",
            input_tokens=5,
            usd=None,
        ),
    ]
    state = RunState.fold(log)
    assert state.tasks[PLANNING].agents["orchestrator"].turns == 1
    assert state.work() == []
    assert asdict(state.usage) == {
        "model_calls": 1,
        "input_tokens": 5,
        "output_tokens": 0,
        "usd": 0.0,
        "unpriced_calls": 1,
        "cached_input_tokens": 0,
        "estimated_calls": 0,
    }


def test_a_question_waits_until_it_is_decided() -> None:
    log = started(
        record(3, EventType.TASK_STARTED, "t1"),
        record(4, EventType.APPROVAL_REQUESTED, "t1", approval="a-1", kind="merge", question="land it?"),
        record(5, EventType.APPROVAL_DECIDED, "t1", approval="a-1"),
    )
    waiting = RunState.fold(log[:4])
    assert waiting.tasks["t1"].status is TaskStatus.WAITING
    shown = builtins(RunDocument.of(waiting))["waiting"]
    assert [(one["id"], one["kind"], one["question"], one["task"]) for one in shown] == [
        ("a-1", "merge", "land it?", "t1")
    ]
    assert RunState.fold(log).waiting == []


def test_a_resumed_run_is_running_again() -> None:
    log = started(
        record(3, EventType.RUN_FINISHED, status="stopped", exit_code=130), record(4, EventType.RUN_RESUMED)
    )
    assert RunState.fold(log[:3]).status is RunStatus.STOPPED
    assert RunState.fold(log).status is RunStatus.RUNNING
