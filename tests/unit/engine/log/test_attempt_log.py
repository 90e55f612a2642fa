"""What the log holds of one attempt, as a crew that runs again asks for it. Pure."""

from __future__ import annotations

from itertools import count

from devassist.domain.events import (
    AgentFinished,
    AgentStarted,
    CommandIntended,
    CommitCreated,
    CommitIntended,
    Event,
    Fact,
    HandoffReturned,
    ModelCalled,
    ModelIntended,
    NoteDelivered,
    Record,
    RoundStarted,
    TaskRetried,
    TaskStarted,
    ToolCalled,
)
from devassist.domain.statuses import CallStatus
from devassist.engine.log.attempt_log import AttemptLog

_numbers = count(1)
CALL = {"role": "coder", "round": 1, "turn": 1}


def record(fact: Fact, *, id_: str = "", parent: str = "", agent: str = "one/coder") -> Record:
    number = next(_numbers)
    event = Event(fact, run="r", task="one", agent=agent, parent=parent, id=id_ or f"e{number}")
    return Record(seq=number, at="", event=event)


def log_of(*facts: Fact) -> AttemptLog:
    return AttemptLog.of([record(fact) for fact in facts])


def test_a_reply_answers_only_the_very_request_it_was_recorded_for() -> None:
    called = ModelCalled(role="coder", turn=1, request="q")
    log = log_of(called)
    assert log.reply(("coder", 1, 1), "q") == called
    assert log.reply(("coder", 1, 1), "another") is None
    assert log.reply(("coder", 1, 2), "q") is None


def test_a_call_that_was_sent_and_not_answered_is_unanswered_and_one_that_failed_has_no_reply() -> None:
    sent = ModelIntended(role="coder", turn=1)
    failed = ModelCalled(role="coder", turn=1, status=CallStatus.ERROR, request="q")
    assert list(log_of(sent).unanswered) == [("coder", 1, 1)]
    answered = log_of(sent, failed)
    assert (answered.unanswered, answered.reply(("coder", 1, 1), "q")) == ({}, None)


def test_what_a_tool_call_began_is_there_until_its_result_is() -> None:
    intended = record(CommandIntended(command="make"), parent="evidence")
    called = record(ToolCalled(role="coder", name="run_command"), id_="evidence")
    assert AttemptLog.of([intended]).begun == {"evidence": [intended.body]}
    log = AttemptLog.of([intended, called])
    assert (log.begun, log.tools) == ({}, {"evidence": called.body})


def test_each_submit_is_replied_to_once_and_in_order() -> None:
    returned = HandoffReturned(role="coder", round=1, reason="no")
    finished = AgentFinished(role="coder", round=1, commit="c")
    log = log_of(returned, finished)
    assert [log.next_submit("coder", 1) for _ in range(3)] == [returned, finished, None]
    assert log.accepted("coder", 1)
    assert not log_of(returned).accepted("coder", 1)


def test_a_commit_that_was_intended_is_open_until_it_is_made() -> None:
    intended, created = (
        CommitIntended(role="coder", old="a"),
        CommitCreated(role="coder", round=1, commit="b"),
    )
    assert list(log_of(intended).commits) == [("coder", 1)]
    log = log_of(intended, created)
    assert (log.commits, log.made) == ({}, {("coder", 1): created})


def test_a_fact_without_a_round_belongs_to_the_round_that_is_on() -> None:
    log = log_of(RoundStarted(round=2), CommitIntended(role="coder"))
    assert list(log.commits) == [("coder", 2)]


def test_a_retry_forgets_all_but_the_start_the_newest_commit_and_what_was_posted() -> None:
    log = log_of(
        TaskStarted(start="base"),
        AgentStarted(role="coder", round=1),
        CommitCreated(role="coder", round=1, commit="made"),
        NoteDelivered(address="one/coder/1/1", texts=("hello",)),
        TaskRetried(round=3),
    )
    assert (log.first_round, log.start, log.tip) == (3, "base", "made")
    assert (bool(log), log.made, log.news) == (False, {}, {})
    assert len(log.posted) == 5
