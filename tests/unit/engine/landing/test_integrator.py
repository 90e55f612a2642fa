"""How a delivered task gets onto the result branch, and what keeps it from there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from devassist.domain.errors import RepositoryChanged
from devassist.domain.events import EventType, MergeIntended
from devassist.domain.settings import ApprovalSettings, Settings
from devassist.domain.statuses import Outcome, TaskStatus
from devassist.engine.context import RunContext
from devassist.engine.landing.approval import Landing
from devassist.engine.landing.checks import Checks
from devassist.engine.landing.integrator import Integrator
from devassist.engine.results import StepResult
from support.engine_world import RUN, EngineWorld, plan_of
from support.facts import data_of
from support.repos import git

REF = f"refs/heads/devassist/{RUN}/result"
PLAN = plan_of({"id": "one"}, {"id": "two"}, {"id": "three", "depends_on": ["one"]})


@dataclass
class Bench:
    """A run whose tasks are delivered by the test."""

    world: EngineWorld
    context: RunContext

    def __post_init__(self) -> None:
        self.integrator = self.another()

    def another(self) -> Integrator:
        return Integrator(
            context=self.context, plan=PLAN, checks=Checks(context=self.context), head=self.world.head
        )

    def land(self, task: str, files: dict[str, str], *, confidence: float = 0.9) -> Landing:
        commit = self.world.commit(files)
        result = StepResult(
            task=task,
            outcome=Outcome.DELIVERED,
            start=self.context.request.base,
            commit=commit,
            confidence=confidence,
        )
        return self.integrator.land(PLAN.task(task), result)

    def types(self, task: str) -> list[EventType]:
        return [record.type for record in self.world.records(task=task)]


@pytest.fixture
def settings() -> Settings:
    return Settings()


@pytest.fixture
def bench(tmp_path: Path, settings: Settings) -> Iterator[Bench]:
    world = EngineWorld(tmp_path, PLAN, settings)
    with world.session() as context:
        yield Bench(world, context)


def test_a_landing_is_decided_approved_intended_and_completed_in_this_order(bench: Bench) -> None:
    assert bench.land("one", {"a.txt": "a\n"}).status is TaskStatus.MERGED
    assert bench.types("one") == [
        EventType.LANDING_JUDGED,
        EventType.DECISION_MADE,  # that nothing has verified it, which the policy of these tests lets pass
        EventType.DECISION_MADE,
        EventType.MERGE_APPROVED,
        EventType.MERGE_INTENDED,
        EventType.MERGE_COMPLETED,
        EventType.TASK_FINISHED,
    ]
    assert git(bench.world.repo, "rev-parse", REF) == bench.integrator.tip
    assert bench.world.result("a.txt") == "a"


def test_a_second_task_lands_on_top_of_the_first(bench: Bench) -> None:
    bench.land("one", {"a.txt": "a\n"})
    first = bench.integrator.tip
    bench.land("two", {"b.txt": "b\n"})
    assert git(bench.world.repo, "rev-parse", f"{REF}^1") == first
    assert (bench.world.result("a.txt"), bench.world.result("b.txt")) == ("a", "b")


def test_a_conflict_leaves_the_task_where_it_is_and_the_result_as_it_was(bench: Bench) -> None:
    bench.land("one", {"README.md": "one\n"})
    tip = bench.integrator.tip
    landing = bench.land("two", {"README.md": "two\n"})
    assert (landing.status, "conflicts in README.md" in landing.error) == (TaskStatus.DELIVERED, True)
    assert git(bench.world.repo, "rev-parse", REF) == tip
    assert EventType.CONFLICT_FOUND in bench.types("two")


def test_an_unsure_task_waits_for_the_request_that_its_landing_names(bench: Bench) -> None:
    landing = bench.land("one", {"a.txt": "a\n"}, confidence=0.1)
    assert landing.status is TaskStatus.WAITING
    request = bench.context.journal.state.approvals[landing.awaits]
    assert (request.kind, request.task) == ("merge", "one")
    bench.world.decide(request)
    bench.world.hear(bench.context)
    assert bench.land("one", {"a.txt": "a\n"}, confidence=0.1).status is TaskStatus.MERGED
    (approved,) = bench.world.records(EventType.MERGE_APPROVED)
    assert (data_of(approved)["approver"], data_of(approved)["approval"]) == ("person ada", request.id)


def test_a_rejected_merge_is_left_and_says_by_whom(bench: Bench) -> None:
    landing = bench.land("one", {"a.txt": "a\n"}, confidence=0.1)
    bench.world.decide(bench.context.journal.state.approvals[landing.awaits], "reject")
    bench.world.hear(bench.context)
    landing = bench.land("one", {"a.txt": "a\n"}, confidence=0.1)
    assert (landing.status, "rejected by person ada" in landing.error) == (TaskStatus.DELIVERED, True)


def test_an_approval_does_not_count_for_another_change(bench: Bench) -> None:
    first = bench.land("one", {"a.txt": "a\n"}, confidence=0.1)
    bench.world.decide(bench.context.journal.state.approvals[first.awaits])
    bench.world.hear(bench.context)
    second = bench.land("one", {"a.txt": "something else\n"}, confidence=0.1)
    assert (second.status, second.awaits == first.awaits) == (TaskStatus.WAITING, False)


@pytest.mark.parametrize("settings", [Settings(approvals=ApprovalSettings(mode="never"))])
def test_an_unsure_task_is_left_where_nobody_is_asked(bench: Bench) -> None:
    landing = bench.land("one", {"a.txt": "a\n"}, confidence=0.1)
    assert (landing.status, landing.error.startswith("not merged:")) == (TaskStatus.DELIVERED, True)


def test_a_task_that_builds_on_one_that_did_not_land_does_not_land(bench: Bench) -> None:
    landing = bench.land("three", {"c.txt": "c\n"})
    assert landing.error == "not merged: it builds on one, which did not land"


def test_a_result_branch_that_somebody_moved_is_not_written(bench: Bench) -> None:
    bench.land("one", {"a.txt": "a\n"})
    moved = bench.world.commit({"x.txt": "x\n"})
    git(bench.world.repo, "update-ref", REF, moved)
    with pytest.raises(RepositoryChanged):
        bench.land("two", {"b.txt": "b\n"})
    assert git(bench.world.repo, "rev-parse", REF) == moved


def intent_of(bench: Bench) -> MergeIntended:
    (record,) = bench.world.records(EventType.MERGE_INTENDED)
    assert isinstance(record.body, MergeIntended)
    return record.body


def test_a_landing_that_was_cut_off_after_the_ref_moved_is_recovered(bench: Bench) -> None:
    bench.land("one", {"a.txt": "a\n"})
    assert bench.another().recover("one", intent_of(bench)) == bench.integrator.tip
    *_, recovered = bench.world.records(EventType.MERGE_COMPLETED)
    assert data_of(recovered)["recovered"]


def test_a_landing_that_was_cut_off_before_the_ref_moved_is_not_there(bench: Bench) -> None:
    bench.land("one", {"a.txt": "a\n"})
    git(bench.world.repo, "update-ref", "-d", REF)
    assert bench.another().recover("one", intent_of(bench)) == ""


def test_a_landing_is_not_recovered_from_a_branch_that_somebody_moved(bench: Bench) -> None:
    bench.land("one", {"a.txt": "a\n"})
    git(bench.world.repo, "update-ref", REF, bench.world.commit({"x.txt": "x\n"}))
    with pytest.raises(RepositoryChanged, match="by somebody else"):
        bench.another().recover("one", intent_of(bench))
