"""Who goes on with a task after each handoff."""

from __future__ import annotations

from typing import Any

import pytest

from devassist.assignments import Leg, SubmittedWork
from devassist.domain.events import AgentStarted
from devassist.domain.handoffs import Handoff
from devassist.domain.plan import parse_plan
from devassist.domain.roles import Role
from devassist.engine.crews.legs import Legs
from devassist.engine.log.attempt_log import AttemptLog
from devassist.messages import SubmitWork

CODER, TESTER, REVIEWER = Role.CODER, Role.TESTER, Role.REVIEWER


def legs(
    *, untested: bool = False, begun: tuple[tuple[str, int], ...] = (), rounds: int = 3, **task: Any
) -> Legs:
    plan = parse_plan({"tasks": [{"id": "one", "title": "one", **task}]})
    attempt = AttemptLog(started={agent: AgentStarted() for agent in begun})
    return Legs(plan.task("one"), attempt, rounds, untested=lambda: untested)


def hand_on(legs: Legs, role: Role, round_: int = 1, verdict: str = "", *, tests: bool = False) -> Leg | None:
    legs.begin(role, round_)
    work = SubmittedWork(summary="done", confidence=0.9, verdict=verdict, needs_tester=tests)
    handoff = Handoff(kind="work", summary="done", confidence=0.9, verdict=verdict)
    return legs.after(SubmitWork(role=role, round=round_, work=work, turns=1), handoff)


def test_a_coder_is_followed_by_its_tester_and_both_by_a_reviewer() -> None:
    crew = legs()
    assert crew.roles == (CODER, TESTER)
    assert hand_on(crew, CODER) is None
    assert hand_on(crew, TESTER) == Leg(roles=(REVIEWER,), round=1)
    assert hand_on(crew, REVIEWER, verdict="approve") is None


def test_without_a_tester_the_reviewer_follows_at_once() -> None:
    crew = legs(tester=False)
    assert crew.roles == (CODER,)
    assert hand_on(crew, CODER) == Leg(roles=(REVIEWER,), round=1)


def test_without_review_nobody_follows() -> None:
    assert hand_on(legs(review=False), CODER) is None


def test_code_without_a_test_case_gets_a_tester() -> None:
    crew = legs(tester=False, untested=True)
    assert hand_on(crew, CODER) == Leg(roles=(TESTER,), round=1)
    assert hand_on(crew, TESTER) == Leg(roles=(REVIEWER,), round=1)


@pytest.mark.parametrize("untested", [True, False])
def test_a_crew_that_runs_again_comes_to_the_same_legs(untested: bool) -> None:
    tested = legs(tester=False, untested=untested, begun=(("coder", 1), ("tester", 1), ("reviewer", 1)))
    assert hand_on(tested, CODER) == Leg(roles=(TESTER,), round=1)
    reviewed = legs(tester=False, untested=untested, begun=(("coder", 1), ("reviewer", 1)))
    assert hand_on(reviewed, CODER) == Leg(roles=(REVIEWER,), round=1)


def test_requested_changes_go_to_the_coder_and_to_a_tester_if_one_is_asked_for() -> None:
    for asked, roles in ((False, (CODER,)), (True, (CODER, TESTER))):
        crew = legs(tester=False)
        hand_on(crew, CODER)
        assert hand_on(crew, REVIEWER, verdict="request_changes", tests=asked) == Leg(roles=roles, round=2)


def test_a_reviewer_that_approves_and_asks_for_tests_gets_them_and_sees_them() -> None:
    crew = legs(tester=False)
    hand_on(crew, CODER)
    assert hand_on(crew, REVIEWER, verdict="approve", tests=True) == Leg(roles=(TESTER,), round=2)
    assert hand_on(crew, TESTER, 2) == Leg(roles=(REVIEWER,), round=2)
    assert hand_on(crew, REVIEWER, 2, verdict="approve", tests=True) is None


def test_no_tests_are_waited_for_beyond_the_last_round() -> None:
    crew = legs(tester=False, rounds=1)
    hand_on(crew, CODER)
    assert hand_on(crew, REVIEWER, verdict="approve", tests=True) is None


def test_changes_in_the_last_round_end_the_task() -> None:
    crew = legs(rounds=2)
    work = SubmittedWork(verdict="request_changes")
    handoff = Handoff(kind="review", summary="no", confidence=0.9, verdict="request_changes")
    for number, ends in ((1, False), (2, True)):
        submit = SubmitWork(role=REVIEWER, round=number, work=work, turns=1)
        assert crew.ends_without_success(submit, handoff) is ends
