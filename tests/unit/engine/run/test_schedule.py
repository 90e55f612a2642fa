"""Which task runs when, and that nothing that is decided meanwhile is lost, with crews that are threads."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from devassist.crew.crew_stop import CrewStop
from devassist.domain.events import EventType, Record
from devassist.domain.state.run import RunStatus
from devassist.domain.statuses import Outcome
from support.engine_world import PATIENCE_S, EngineWorld, plan_of, running, until
from support.fake_crews import Crew, FakeExecutor, ProcessLost, writes
from support.repos import git


def result_file(world: EngineWorld, path: str) -> str:
    return git(world.repo, "show", f"devassist/brisk-heron-3f2a/result:{path}")


def test_tasks_are_worked_on_and_land_on_the_result_branch(tmp_path: Path) -> None:
    executor = FakeExecutor().on("one", writes({"a.txt": "a\n"})).on("two", writes({"b.txt": "b\n"}))
    plan = plan_of({"id": "one", "scope": ["a.txt"]}, {"id": "two", "scope": ["b.txt"]})
    world = EngineWorld(tmp_path, plan, executor=executor)
    state = world.supervise()
    assert (state.status, state.exit_code) == (RunStatus.SUCCEEDED, 0), state.error
    assert (result_file(world, "a.txt"), result_file(world, "b.txt")) == ("a", "b")


def test_an_answer_that_comes_before_the_worker_has_left_takes_the_task_up_again(tmp_path: Path) -> None:
    parked, decided = threading.Event(), threading.Event()

    def asks_and_lingers(crew: Crew) -> None:
        try:
            crew.ask()
        except CrewStop:
            parked.set()
            assert decided.wait(PATIENCE_S)
            raise

    def goes_on(crew: Crew) -> None:
        crew.write({"colour.txt": f"{crew.ask()}\n"})
        crew.submit()

    executor = FakeExecutor().on("one", asks_and_lingers, goes_on)
    world = EngineWorld(tmp_path, plan_of({"id": "one"}), executor=executor, waits=True)
    with running(world) as run:
        assert parked.wait(PATIENCE_S)
        request = run.open_request("question")
        world.decide(request, "answer", "blue")
        run.until_decided(request)
        decided.set()
        state = run.end()
    assert state.status is RunStatus.SUCCEEDED, state.error
    assert result_file(world, "colour.txt") == "blue"


def test_an_approval_that_comes_while_the_landing_is_still_put_off_lands_the_task(tmp_path: Path) -> None:
    approved, put_off = threading.Event(), threading.Event()

    def ends_after_the_landing(crew: Crew) -> None:
        crew.write({"b.txt": "b\n"})
        assert put_off.wait(PATIENCE_S)
        crew.submit()

    executor = FakeExecutor().on("one", writes({"a.txt": "a\n"}, confidence=0.1))
    executor.on("two", ends_after_the_landing)
    plan = plan_of({"id": "one", "scope": ["a.txt"]}, {"id": "two", "scope": ["b.txt"]})
    world = EngineWorld(tmp_path, plan, executor=executor, waits=True)
    with running(world) as run:

        def hold_the_landing(record: Record) -> None:
            # The landing has asked, and is about to say that it waits.
            if record.type is EventType.TASK_FINISHED and record.event.task == "one":
                assert approved.wait(PATIENCE_S)

        run.context.journal.followers.append(hold_the_landing)
        request = run.open_request("merge")
        world.decide(request)
        run.until_decided(request)
        time.sleep(1.0)  # long enough for the coordinator to see the decision before the landing has ended
        approved.set()
        put_off.set()
        state = run.end()
    assert state.status is RunStatus.SUCCEEDED, state.error
    assert result_file(world, "a.txt") == "a"


def test_a_parked_task_that_is_retried_begins_anew(tmp_path: Path) -> None:
    def asks(crew: Crew) -> None:
        crew.ask()

    executor = FakeExecutor().on("one", asks, writes({"a.txt": "a\n"}))
    world = EngineWorld(tmp_path, plan_of({"id": "one"}), executor=executor, waits=True)
    with running(world) as run:
        run.open_request("question")
        until(lambda: world.records(EventType.TASK_FINISHED))
        world.say(EventType.TASK_RETRIED, "one", round=2, reason="another way", who="person ada")
        state = run.end()
    assert state.status is RunStatus.SUCCEEDED, state.error
    assert [one.round for one in executor.of("one")] == [1, 2]


def test_a_crew_whose_process_died_goes_on_in_another_one(tmp_path: Path) -> None:
    def dies(crew: Crew) -> None:
        crew.write({"a.txt": "a\n"})
        raise ProcessLost

    executor = FakeExecutor().on("one", dies, writes({"a.txt": "a\n"}))
    world = EngineWorld(tmp_path, plan_of({"id": "one"}), executor=executor)
    state = world.supervise()
    assert state.status is RunStatus.SUCCEEDED, state.error
    assert len(executor.of("one")) == 2


def test_a_task_whose_dependency_was_not_delivered_is_stopped(tmp_path: Path) -> None:
    def fails(_crew: Crew) -> None:
        raise CrewStop(Outcome.FAILED, "no idea")

    executor = FakeExecutor().on("one", fails)
    plan = plan_of({"id": "one"}, {"id": "two", "depends_on": ["one"]})
    state = EngineWorld(tmp_path, plan, executor=executor).supervise()
    assert (state.status, state.exit_code) == (RunStatus.FAILED, 1)
    assert state.tasks["two"].error == "it depends on one, which was not delivered"
