"""What a resumed run finds: results that stand, landings that are decided, calls that nobody knows the end of."""

from __future__ import annotations

from pathlib import Path

import pytest

from devassist.crew.crew_stop import CrewStop
from devassist.domain.errors import RepositoryChanged
from devassist.domain.events import EventType
from devassist.domain.settings import Settings
from devassist.domain.statuses import Outcome, RunStatus
from devassist.engine.context import RunContext
from devassist.engine.crews.run_worktrees import RunWorktrees
from devassist.engine.landing.checks import Checks
from devassist.engine.landing.integrator import Integrator
from devassist.engine.run.reconcile import Progress, Reconciler
from support.engine_world import RUN, EngineWorld, plan_of
from support.facts import data_of
from support.fake_crews import Crew, FakeExecutor, writes
from support.repos import git

PLAN = plan_of({"id": "lands", "scope": ["a.txt"]}, {"id": "waits", "scope": ["b.txt"]})


def fails(_crew: Crew) -> None:
    raise CrewStop(Outcome.FAILED, "no idea")


def first_session(tmp_path: Path) -> EngineWorld:
    """A run of which one task has landed, and the other waits for a person."""
    executor = FakeExecutor().on("lands", writes({"a.txt": "a\n"}))
    executor.on("waits", writes({"b.txt": "b\n"}, confidence=0.1))
    world = EngineWorld(tmp_path, PLAN, Settings(), executor=executor)
    state = world.supervise()
    assert state.status is RunStatus.WAITING, state.error
    return world


def progress_of(world: EngineWorld, context: RunContext) -> Progress:
    integrator = Integrator(context=context, plan=PLAN, checks=Checks(context=context), head=world.head)
    return Reconciler(context=context, worktrees=RunWorktrees(context=context)).progress(PLAN, integrator)


def test_what_was_delivered_stands_and_only_a_decided_landing_is_settled(tmp_path: Path) -> None:
    world = first_session(tmp_path)
    with world.session(resumed=True) as context:
        progress = progress_of(world, context)
    assert {name: result.outcome for name, result in progress.results.items()} == {
        "lands": Outcome.DELIVERED,
        "waits": Outcome.DELIVERED,
    }
    assert (progress.begun, progress.settled) == ({"lands", "waits"}, {"lands"})
    handoff = progress.results["waits"].handoff
    assert handoff is not None
    assert handoff.summary == "done"


def test_a_resumed_run_lands_what_was_approved_and_starts_no_crew_again(tmp_path: Path) -> None:
    world = first_session(tmp_path)
    with world.session(resumed=True) as context:
        (request,) = context.journal.state.approvals.values()
    world.decide(request)
    crews = len(world.executor.started)
    state = world.supervise(resumed=True)
    assert state.status is RunStatus.SUCCEEDED, state.error
    assert (world.result("a.txt"), world.result("b.txt")) == ("a", "b")
    assert len(world.executor.started) == crews


def test_a_task_that_failed_by_its_own_fault_is_not_tried_again_and_one_that_was_stopped_is(
    tmp_path: Path,
) -> None:
    plan = plan_of({"id": "lands"}, {"id": "waits", "depends_on": ["lands"]})
    world = EngineWorld(tmp_path, plan, executor=FakeExecutor().on("lands", fails))
    assert world.supervise().status is RunStatus.FAILED
    with world.session(resumed=True) as context:
        progress = progress_of(world, context)
    assert {name: result.outcome for name, result in progress.results.items()} == {"lands": Outcome.FAILED}


def test_of_a_model_call_in_flight_nobody_knows_whether_it_was_paid_for(tmp_path: Path) -> None:
    world = first_session(tmp_path)
    call = {"role": "coder", "round": 1, "turn": 7, "attempt": 1, "model": "m", "request": "r"}
    world.say(EventType.MODEL_INTENDED, "waits", agent="waits/coder", **call)
    with world.session(resumed=True) as context:
        Reconciler(context=context, worktrees=RunWorktrees(context=context)).report_unknown()
    (unknown,) = world.records(EventType.RECOVERY_UNKNOWN)
    assert (data_of(unknown)["what"], data_of(unknown)["address"]) == ("model call", "waits/coder/1/7")


def test_a_merge_that_was_cut_off_is_completed_in_the_log(tmp_path: Path) -> None:
    world = first_session(tmp_path)
    (intended,) = world.records(EventType.MERGE_INTENDED)
    world.say(EventType.MERGE_INTENDED, "lands", **data_of(intended))  # as if the rest had been lost
    with world.session(resumed=True) as context:
        progress = progress_of(world, context)
    assert "lands" in progress.settled
    *_, recovered = world.records(EventType.MERGE_COMPLETED)
    assert data_of(recovered)["recovered"]


def test_a_merge_that_was_cut_off_on_a_branch_that_somebody_moved_is_an_error(tmp_path: Path) -> None:
    world = first_session(tmp_path)
    (intended,) = world.records(EventType.MERGE_INTENDED)
    world.say(EventType.MERGE_INTENDED, "lands", **data_of(intended))
    git(world.repo, "update-ref", f"refs/heads/devassist/{RUN}/result", world.commit({"x.txt": "x\n"}))
    with world.session(resumed=True) as context, pytest.raises(RepositoryChanged):
        progress_of(world, context)
