"""The integrator's attempts as the log has them: which one goes on."""

from __future__ import annotations

from itertools import count
from typing import Any

from devassist.domain.events import EventType, Record
from devassist.engine.resolution.integrator_attempts import attempt_at
from support.facts import event as event_of

AGENT, SIDES = "t/integrator", ["ours", "theirs"]
_numbers = count(1)


def told(type_: EventType, agent: str = AGENT, **data: Any) -> Record:
    event = event_of(
        type_,
        run="r",
        task="t",
        agent=agent,
        id=f"e{next(_numbers)}",
        data=data,
    )
    return Record(seq=1, at="", event=event)


def began(number: int, *sides: str) -> Record:
    return told(
        EventType.AGENT_STARTED,
        role="integrator",
        round=number,
        commit=f"start{number}",
        sides=sides or SIDES,
    )


CODER = told(EventType.AGENT_STARTED, "t/coder", role="coder", round=4, commit="x")
INTENDED = told(EventType.WORKTREE_INTENDED, path="p", branch="", commit="c")
REPLY = told(
    EventType.MODEL_CALLED,
    role="integrator",
    round=1,
    turn=1,
    status="ok",
    request="q",
    messages=[],
    tools=[],
)


def test_the_first_is_new_whatever_other_agents_did() -> None:
    found = attempt_at([CODER, INTENDED], AGENT, sides=SIDES)
    assert (found.number, bool(found.log), found.left) == (1, False, False)


def test_one_that_broke_off_goes_on_with_its_replies() -> None:
    found = attempt_at([CODER, INTENDED, began(1), REPLY], AGENT, sides=SIDES)
    assert (found.number, found.start, found.left, found.finished) == (1, "start1", True, None)
    assert found.log.first_round == 1
    assert found.log.reply(("integrator", 1, 1), "q") == REPLY.body


def test_at_other_commits_or_where_the_record_did_not_fit_the_next_begins() -> None:
    before = [INTENDED, began(1), REPLY]
    for records in (
        [*before, told(EventType.RECOVERY_DIVERGED, address="a", reason="r")],
        [INTENDED, began(1, "elsewhere", "theirs"), REPLY],
        [INTENDED, told(EventType.AGENT_STARTED, role="integrator", round=1, commit="of an old log")],
    ):
        found = attempt_at(records, AGENT, sides=SIDES)
        assert (found.number, bool(found.log), found.left) == (2, False, True)
        assert found.log.first_round == 2


def test_a_worktree_that_was_only_begun_holds_nobodys_work() -> None:
    records = [INTENDED, began(1), told(EventType.RECOVERY_DIVERGED), INTENDED]
    assert not attempt_at(records, AGENT, sides=SIDES).left


def test_its_end_is_known() -> None:
    done = told(EventType.AGENT_FINISHED, role="integrator", round=1, status="done", commit="made")
    assert attempt_at([INTENDED, began(1), REPLY, done], AGENT, sides=SIDES).finished is done.body
