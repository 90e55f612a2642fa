"""What a worker may ask of its supervisor, what it is refused, and what is recorded of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from devassist.assignments import CallAddress
from devassist.crew.crew_stop import CrewStop
from devassist.domain.errors import LimitReached
from devassist.domain.events import EventType
from devassist.domain.roles import Role
from devassist.domain.settings import ApprovalSettings, Limits, Settings
from devassist.domain.state.approvals import ApprovalStatus
from devassist.domain.statuses import Outcome
from devassist.engine.context import RunContext
from devassist.engine.results import StepResult
from support.engine_world import EngineWorld, plan_of, task_step
from support.facts import data_of
from support.fake_crews import Crew, FakeExecutor, ProcessLost, Script

ADDRESS = CallAddress(task="one", role="coder", round=1, turn=1)


@dataclass
class Bench:
    """One task whose crew is scripted by the test."""

    world: EngineWorld
    context: RunContext
    seen: list[object] = field(default_factory=list)

    def run(self, *scripts: Script, again: bool = False) -> StepResult:
        self.world.executor.on("one", *scripts)
        return task_step(self.context, "one", again=again).run()

    def hear(self) -> None:
        """Take in what other processes recorded."""
        self.world.hear(self.context)

    def types(self) -> list[EventType]:
        return [record.type for record in self.world.records(task="one")]


@pytest.fixture
def settings() -> Settings:
    return Settings()


@pytest.fixture
def bench(tmp_path: Path, settings: Settings) -> Iterator[Bench]:
    world = EngineWorld(tmp_path, plan_of({"id": "one"}), settings, executor=FakeExecutor())
    with world.session() as context:
        yield Bench(world, context)


def test_a_worker_records_only_what_it_did_itself(bench: Bench) -> None:
    def finishes_its_own_task(crew: Crew) -> None:
        crew.send(EventType.TASK_FINISHED, status="merged")

    result = bench.run(finishes_its_own_task)
    assert (result.outcome, "may not record task.finished" in result.reason) == (Outcome.FAILED, True)
    assert EventType.TASK_FINISHED not in bench.types()


def test_an_event_that_does_not_fit_its_type_is_not_recorded(bench: Bench) -> None:
    def calls_for_many(crew: Crew) -> None:
        crew.send(EventType.MODEL_CALLED, turn="many", status="ok")

    result = bench.run(calls_for_many)
    assert (result.outcome, "does not fit" in result.reason) == (Outcome.FAILED, True)
    assert EventType.MODEL_CALLED not in bench.types()


def test_a_worker_that_is_gone_without_a_word_has_died(bench: Bench) -> None:
    def dies(crew: Crew) -> None:
        crew.write({"a.txt": "a\n"})
        raise ProcessLost

    result = bench.run(dies)
    assert (result.outcome, result.reason) == (Outcome.DIED, "the worker process died (signal 9)")
    assert bench.types()[-1] is EventType.WORKER_EXITED


def test_an_event_with_an_id_is_recorded_once_however_often_a_crew_runs(bench: Bench) -> None:
    def posts_and_dies(crew: Crew) -> None:
        crew.record(EventType.NOTE_POSTED, id_="e-note", text="mind the gap")
        raise ProcessLost

    bench.run(posts_and_dies)
    bench.run(posts_and_dies, again=True)
    assert bench.types().count(EventType.NOTE_POSTED) == 1


@pytest.mark.parametrize("settings", [Settings(limits=Limits(max_turns_per_agent=1))])
def test_a_limit_refuses_a_call_by_a_recorded_decision(bench: Bench) -> None:
    def goes_on(crew: Crew) -> None:
        crew.think()
        with pytest.raises(LimitReached, match="1 turns"):
            crew.think(turn=2)
        raise CrewStop(Outcome.LIMITED, "enough")

    assert bench.run(goes_on).outcome is Outcome.LIMITED
    (decision,) = bench.world.records(EventType.DECISION_MADE)
    assert (data_of(decision)["choice"], data_of(decision)["limit"]) == ("refuse", "max_turns_per_agent")
    assert bench.types().count(EventType.MODEL_CALLED) == 1


def test_a_call_in_flight_is_known_to_whoever_stops_the_run(bench: Bench) -> None:
    def looks(crew: Crew) -> None:
        call = {"turn": 1, "attempt": 1, "model": "m", "request": "r"}
        crew.record(EventType.MODEL_INTENDED, **call)
        bench.seen.append(len(bench.context.calling))
        crew.record(EventType.MODEL_CALLED, **call, status="ok")
        bench.seen.append(len(bench.context.calling))

    bench.run(looks)
    assert bench.seen == [1, 0]


def test_a_question_parks_the_task_and_its_answer_reaches_the_crew_that_asks_again(bench: Bench) -> None:
    def asks(crew: Crew) -> None:
        bench.seen.append(crew.ask())

    result = bench.run(asks)
    assert result.outcome is Outcome.WAITING
    request = bench.context.journal.state.approvals[result.awaits]
    assert (request.status, request.question) == (ApprovalStatus.OPEN, "which colour?")
    bench.world.decide(request, "answer", "blue")
    bench.hear()
    bench.run(asks, again=True)
    assert bench.seen == ["blue"]


def test_another_question_is_another_request_and_withdraws_the_one_before(bench: Bench) -> None:
    first = bench.run(lambda crew: bench.seen.append(crew.ask()))
    second = bench.run(lambda crew: bench.seen.append(crew.ask("which shape?")), again=True)
    approvals = bench.context.journal.state.approvals
    assert [approvals[one.awaits].status for one in (first, second)] == [
        ApprovalStatus.WITHDRAWN,
        ApprovalStatus.OPEN,
    ]


@pytest.mark.parametrize("settings", [Settings(approvals=ApprovalSettings(mode="never"))])
def test_nobody_is_asked_in_a_run_that_asks_nobody(bench: Bench) -> None:
    bench.run(lambda crew: bench.seen.append(crew.ask()))
    assert "nobody is asked in this run" in str(bench.seen[0])
    assert bench.context.journal.state.approvals == {}


def test_a_note_to_the_task_is_put_before_one_call_and_no_other(bench: Bench) -> None:
    bench.world.say(EventType.NOTE_POSTED, "one", agent="two/coder", text="use sqlite", to="one")
    bench.hear()

    def reads(crew: Crew) -> None:
        bench.seen.append(list(crew.link.news(ADDRESS)))
        bench.seen.append(list(crew.link.news(CallAddress(task="one", role="coder", round=1, turn=2))))
        bench.seen.append([note.text for note in crew.link.board(Role.CODER)])

    bench.run(reads)
    assert bench.seen == [["[note from two/coder]\nuse sqlite"], [], ["use sqlite"]]


def test_a_run_that_is_over_refuses_every_further_act(bench: Bench) -> None:
    bench.context.stop.pull(Outcome.STOPPED, "interrupted", exit_code=130)
    result = bench.run(lambda crew: crew.think())
    assert (result.outcome, result.reason) == (Outcome.STOPPED, "interrupted")
    assert EventType.MODEL_INTENDED not in bench.types()
