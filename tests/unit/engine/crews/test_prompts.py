"""What the planning agents are told of how tasks are judged."""

from __future__ import annotations

import pytest

from devassist.domain.roles import Role
from devassist.engine.context import Surroundings
from devassist.engine.crews.prompts import planning_brief


@pytest.mark.parametrize(("role", "told"), [(Role.ORCHESTRATOR, True), (Role.RESEARCHER, False)])
def test_whoever_plans_knows_that_a_change_to_existing_tests_is_named_or_asked_about(
    role: Role, told: bool
) -> None:
    brief = planning_brief(Surroundings(goal="faster"), role=role, max_tasks=3, handoffs=())
    assert ("`changes_tests`" in brief) is told
    assert ("put to a person" in brief) is told
    assert ("checks must pass on the merged tree" in brief) is told
