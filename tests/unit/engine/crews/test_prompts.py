"""What agents are told, and in which order."""

from __future__ import annotations

import pytest

from devassist.domain.guidance import Guidance
from devassist.domain.handoffs import Handoff
from devassist.domain.plan import parse_plan
from devassist.domain.roles import Role
from devassist.engine.context import Surroundings
from devassist.engine.crews.prompts import next_round_brief, planning_brief, shared_brief, task_brief

AROUND = Surroundings(
    goal="make it faster",
    guidance=Guidance(whole={"AGENTS.md": "Use tabs."}, nested={"api/AGENTS.md": "Answer in JSON."}),
    map=lambda: "The repository, 3 files.",
    checks=("python -m pytest -q",),
)
PLAN = parse_plan(
    {
        "goal": "make it faster",
        "tasks": [
            {"id": "t1", "title": "cache", "instructions": "Cache {what} is read.", "scope": ["api/**"]},
            {"id": "t2", "title": "measure", "instructions": "Time it."},
        ],
    }
)


@pytest.mark.parametrize(("role", "told"), [(Role.ORCHESTRATOR, True), (Role.RESEARCHER, False)])
def test_whoever_plans_knows_that_a_change_to_existing_tests_is_named_or_asked_about(
    role: Role, told: bool
) -> None:
    brief = planning_brief(role=role, max_tasks=3, handoffs=())
    assert ("`changes_tests`" in brief) is told
    assert ("put to a person" in brief) is told
    assert ("checks must pass on the merged tree" in brief) is told


@pytest.mark.parametrize("role", [Role.ORCHESTRATOR, Role.RESEARCHER])
def test_whoever_plans_knows_that_a_review_follows(role: Role) -> None:
    assert "review" in planning_brief(role=role, max_tasks=3, handoffs=())


def test_all_agents_share_the_rules_the_goal_the_checks_the_guidance_and_the_map() -> None:
    shared = shared_brief(AROUND)
    for text in (
        "evidence:",
        "make it faster",
        "python -m pytest -q",
        "> Use tabs.",
        "The repository, 3 files.",
    ):
        assert shared.count(text) == 1
    assert "api/AGENTS.md" in shared and "Answer in JSON." not in shared


def brief_of(task: str, role: Role = Role.CODER, **more: object) -> str:
    given = {"round_": 1, "handoffs": (), **more}
    return task_brief(AROUND, PLAN, PLAN.task(task), role=role, **given)  # type: ignore[arg-type]


def test_a_brief_has_its_instructions_word_for_word_and_of_other_tasks_only_the_titles() -> None:
    brief = brief_of("t1")
    assert "Cache {what} is read." in brief
    assert "t2: measure" in brief and "Time it." not in brief


def test_nested_guidance_is_told_to_the_tasks_that_may_write_in_its_folder() -> None:
    assert "> Answer in JSON." in brief_of("t1")
    assert "Answer in JSON." not in brief_of("t2")


def test_what_a_brief_repeats_of_the_shared_part_is_nothing() -> None:
    brief = brief_of("t1")
    assert not any(
        text in brief for text in ("python -m pytest -q", "Use tabs.", "evidence:", "The repository,")
    )


def test_a_reviewer_has_the_whole_change_in_its_first_message() -> None:
    brief = brief_of("t1", Role.REVIEWER, change="+cached = True", ground="12 tests passed")
    assert "+cached = True" in brief and "12 tests passed" in brief
    assert brief.endswith("End by calling submit_review.")


def test_an_agent_that_goes_on_is_told_only_what_is_new() -> None:
    review = Handoff(kind="review", summary="not yet", confidence=0.9, verdict="request_changes")
    brief = next_round_brief(
        PLAN.task("t1"),
        role=Role.CODER,
        round_=2,
        handoffs=[("reviewer", review)],
        questions=["and on Windows?"],
    )
    assert "This is round 2: changes were requested." in brief and "not yet" in brief
    assert "and on Windows?" in brief
    assert "Cache {what} is read." not in brief
