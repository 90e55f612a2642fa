"""How a run comes to its plan: passed, made by the planning crew, or taken up again, and approved."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from devassist.domain.errors import Refused, Unfinished, WaitingForPerson
from devassist.domain.events import EventType
from devassist.domain.plan import Plan
from devassist.domain.roles import Role
from devassist.domain.settings import ApprovalSettings, CheckSettings, Settings
from devassist.domain.statuses import RunStatus
from devassist.engine.approval_requests import Parked
from devassist.engine.context import RunContext
from devassist.engine.crews.run_worktrees import RunWorktrees
from devassist.engine.run.inbox import Inbox
from devassist.engine.run.planner import Planner
from support.engine_world import EngineWorld, plan_of, running
from support.facts import data_of
from support.fake_crews import Crew, FakeExecutor, Script, writes

TASK = {"id": "one", "title": "one", "role": "coder", "instructions": "do it", "review": False}


def plans(*tasks: dict[str, object], confidence: float = 0.9, question: str = "") -> Script:
    """A planning crew that hands in these tasks."""

    def script(crew: Crew) -> None:
        crew.write({}, role="researcher")
        crew.submit(role="researcher", summary="looked around")
        crew.write({}, role="orchestrator")
        if question:
            crew.link.ask(Role.ORCHESTRATOR, "question", question, [])
        crew.submit(role="orchestrator", tasks=tuple(tasks), confidence=confidence)

    return script


@contextmanager
def planner(tmp_path: Path, script: Script, settings: Settings | None = None) -> Iterator[Planner]:
    world = EngineWorld(tmp_path, settings=settings or Settings(), executor=FakeExecutor().on("plan", script))
    with world.session() as context:
        yield planner_of(context)


def planner_of(context: RunContext) -> Planner:
    return Planner(context=context, worktrees=RunWorktrees(context=context), inbox=Inbox())


def test_a_plan_that_was_passed_is_approved_by_whoever_passed_it(tmp_path: Path) -> None:
    plan = plan_of({"id": "one"})
    world = EngineWorld(tmp_path, plan)
    with world.session() as context:
        assert planner_of(context).plan() == plan
    (submitted,) = world.records(EventType.PLAN_SUBMITTED)
    assert data_of(submitted)["source"] == "file"
    assert world.records(EventType.DECISION_MADE) == []


def test_the_planning_crew_makes_a_plan_and_the_policy_approves_a_confident_one(tmp_path: Path) -> None:
    with planner(tmp_path, plans(TASK)) as planning:
        plan = planning.plan()
        assert [task.id for task in plan.tasks] == ["one"]
        assert planning.context.journal.state.plan_confidence == pytest.approx(0.9)


def test_a_plan_that_cannot_run_goes_back_with_the_reason(tmp_path: Path) -> None:
    texts: list[str] = []

    def corrects_itself(crew: Crew) -> None:
        crew.write({}, role="researcher")
        crew.submit(role="researcher")
        crew.write({}, role="orchestrator")
        texts.append(crew.submit(role="orchestrator", tasks=({**TASK, "role": "wizard"},)).text)
        crew.submit(role="orchestrator", tasks=(TASK,))

    with planner(tmp_path, corrects_itself) as planning:
        assert isinstance(planning.plan(), Plan)
    assert "wizard" in texts[0]


def test_an_unsure_plan_waits_for_a_person(tmp_path: Path) -> None:
    with planner(tmp_path, plans(TASK, confidence=0.2)) as planning:
        with pytest.raises(WaitingForPerson, match="waits for approval"):
            planning.plan()
        (request,) = planning.context.journal.state.approvals.values()
        assert (request.kind, request.task) == ("plan", "plan")


def test_an_unsure_plan_that_nobody_is_asked_about_is_refused(tmp_path: Path) -> None:
    settings = Settings(approvals=ApprovalSettings(mode="never"))
    with planner(tmp_path, plans(TASK, confidence=0.2), settings) as planning, pytest.raises(Refused):
        planning.plan()


def test_a_planning_crew_that_asks_parks_at_its_request(tmp_path: Path) -> None:
    with planner(tmp_path, plans(TASK, question="which database?")) as planning:
        with pytest.raises(Parked) as parked:
            planning.plan()
        assert parked.value.approval in planning.context.journal.state.approvals


def test_checks_are_refused_where_there_is_no_sandbox_to_run_them_in(tmp_path: Path) -> None:
    settings = Settings(checks=CheckSettings(commands=("true",)))
    world = EngineWorld(tmp_path, plan_of({"id": "one"}), settings)
    with world.session() as context, pytest.raises(Refused, match="no sandbox"):
        planner_of(context).plan()


def decided_while_it_runs(tmp_path: Path, script: Script, kind: str, choice: str) -> tuple[EngineWorld, Any]:
    """A whole run that waits; a person decides on its one request."""
    executor = FakeExecutor().on("plan", script).on("one", writes({"a.txt": "a\n"}))
    world = EngineWorld(tmp_path, executor=executor, waits=True)
    with running(world) as run:
        world.decide(run.open_request(kind), choice, "sqlite")
        return world, run.end()


def test_a_run_goes_on_with_the_plan_that_a_person_approves(tmp_path: Path) -> None:
    world, state = decided_while_it_runs(tmp_path, plans(TASK, confidence=0.2), "plan", "approve")
    assert state.status is RunStatus.SUCCEEDED, state.error
    assert world.result("a.txt") == "a"


def test_a_run_whose_plan_is_rejected_is_unfinished(tmp_path: Path) -> None:
    _world, state = decided_while_it_runs(tmp_path, plans(TASK, confidence=0.2), "plan", "reject")
    assert (state.status, state.exit_code) == (RunStatus.FAILED, Unfinished.exit_code)
    assert "the plan was rejected by person ada" in state.error


def test_a_planning_crew_that_waits_for_an_answer_is_started_once_more_and_not_again_and_again(
    tmp_path: Path,
) -> None:
    script = plans(TASK, question="which database?")
    world, state = decided_while_it_runs(tmp_path, script, "question", "answer")
    assert state.status is RunStatus.SUCCEEDED, state.error
    assert len(world.executor.of("plan")) == 2
