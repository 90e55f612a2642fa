"""One task's work: its rounds, its commits and what is sent back, and that a second crew does nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from devassist.assignments import Leg, Submission
from devassist.domain.events import EventType
from devassist.domain.handoffs import Claim
from devassist.domain.ids import agent_id
from devassist.domain.roles import Role
from devassist.domain.settings import Limits, Settings
from devassist.domain.statuses import Outcome
from devassist.engine.context import RunContext
from devassist.engine.results import StepResult
from support.engine_world import RUN, EngineWorld, plan_of, task_step
from support.facts import data_of
from support.fake_crews import Crew, FakeExecutor, ProcessLost, Script, writes
from support.repos import git


@dataclass
class Bench:
    """One task whose crew is scripted by the test."""

    world: EngineWorld
    context: RunContext

    def run(self, *scripts: Script, again: bool = False) -> StepResult:
        self.world.executor.on("one", *scripts)
        return task_step(self.context, "one", again=again).run()

    def count(self, type_: EventType) -> int:
        return len(self.world.records(type_, task="one"))


@pytest.fixture
def task() -> dict[str, object]:
    return {"id": "one"}


@pytest.fixture
def bench(tmp_path: Path, task: dict[str, object]) -> Iterator[Bench]:
    world = EngineWorld(
        tmp_path, plan_of(task), Settings(limits=Limits(max_rounds=2)), executor=FakeExecutor()
    )
    with world.session() as context:
        yield Bench(world, context)


def test_the_work_is_committed_by_the_harness_with_trailers_that_name_run_task_agent_and_event(
    bench: Bench,
) -> None:
    result = bench.run(writes({"a.txt": "a\n"}, confidence=0.8))
    assert (result.outcome, result.confidence) == (Outcome.DELIVERED, 0.8)
    message = git(bench.world.repo, "show", "-s", "--format=%B", result.commit)
    (intended,) = bench.world.records(EventType.COMMIT_INTENDED)
    for trailer in (f"Devassist-Run: {RUN}", "Devassist-Agent: one/coder", f"Devassist-Event: {intended.id}"):
        assert trailer in message
    assert git(bench.world.repo, "show", f"{result.commit}:a.txt") == "a"


def test_a_handoff_without_a_change_goes_back_once_and_then_the_task_has_failed(bench: Bench) -> None:
    texts: list[str] = []

    def submits_nothing(crew: Crew) -> None:
        crew.link.begin(crew.role, 1)
        texts.append(crew.submit().text)
        crew.submit()

    result = bench.run(submits_nothing)
    assert "nothing is changed" in texts[0]
    assert (result.outcome, "nothing is changed" in result.reason) == (Outcome.FAILED, True)
    assert bench.count(EventType.HANDOFF_RETURNED) == 1


def test_a_claim_that_the_log_contradicts_goes_back_once_and_never_fails_the_task(bench: Bench) -> None:
    replies: list[Submission] = []

    def claims(crew: Crew) -> None:
        crew.write({"a.txt": "a\n"})
        crew.record(EventType.TOOL_CALLED, id_="failed", name="run_command", ok=False, summary="exit code 1")
        lies = (Claim(statement="it works", evidence="failed"), Claim(statement="it is fast"))
        replies.extend(crew.submit(claims=lies) for _ in range(2))

    assert bench.run(claims).outcome is Outcome.DELIVERED
    assert [reply.accepted for reply in replies] == [False, True]
    assert "the log contradicts 1 claim: 'it works': failed did not succeed: exit code 1" in replies[0].text
    verdicts = [data_of(record)["verdict"] for record in bench.world.records(EventType.CLAIM_CHECKED)]
    assert verdicts == ["contradicted", "uncited"] * 2
    (returned,) = bench.world.records(EventType.HANDOFF_RETURNED)
    assert data_of(returned)["objection"] == "claims"
    (warning,) = bench.context.journal.state.warnings
    assert warning.startswith("one/coder: the log contradicts 1 claim: 'it works'")


def test_claims_that_are_stale_or_uncited_send_nothing_back(bench: Bench) -> None:
    def claims(crew: Crew) -> None:
        crew.write({"a.txt": "a\n"})
        crew.write({"a.txt": "b\n"})
        assert crew.submit(
            claims=(Claim(statement="it is a", evidence="one-coder-1"), Claim(statement="it works"))
        ).accepted

    assert bench.run(claims).outcome is Outcome.DELIVERED
    verdicts = [data_of(record)["verdict"] for record in bench.world.records(EventType.CLAIM_CHECKED)]
    assert verdicts == ["stale", "uncited"]
    assert bench.count(EventType.HANDOFF_RETURNED) == 0


def test_an_agent_whose_claims_went_back_still_has_its_second_chance_with_the_work(bench: Bench) -> None:
    def empty_handed(crew: Crew) -> None:
        crew.link.begin(crew.role, 1)
        crew.record(EventType.TOOL_CALLED, id_="failed", name="run_command", ok=False)
        lie = (Claim(statement="it works", evidence="failed"),)
        assert "nothing is changed" in crew.submit(claims=lie).text
        crew.write({"a.txt": "a\n"})
        assert "contradicts" in crew.submit(claims=lie).text
        assert crew.submit(claims=lie).accepted

    assert bench.run(empty_handed).outcome is Outcome.DELIVERED


@pytest.mark.parametrize("task", [{"id": "one", "scope": ["src/**"]}])
def test_a_claim_about_a_write_that_does_not_land_is_contradicted(bench: Bench) -> None:
    def claims(crew: Crew) -> None:
        crew.write({"src/a.txt": "a\n", "b.txt": "b\n"})
        lie = (Claim(statement="b.txt is written", evidence="one-coder-1"),)
        text = crew.submit(claims=lie).text
        assert "b.txt is left out of the commit: outside the task's scope" in text
        crew.submit(claims=lie)

    assert bench.run(claims).outcome is Outcome.DELIVERED


@pytest.mark.parametrize("task", [{"id": "one", "scope": ["src/**"]}])
def test_what_is_outside_the_scope_is_left_out_of_the_commit_with_a_warning(bench: Bench) -> None:
    result = bench.run(writes({"src/a.txt": "a\n", "b.txt": "b\n"}))
    assert git(bench.world.repo, "diff", "--name-only", "HEAD", result.commit) == "src/a.txt"
    assert any("b.txt was left out of the commit" in text for text in bench.context.journal.state.warnings)


@pytest.mark.parametrize("task", [{"id": "one", "role": "documenter", "review": True}])
def test_a_reviewer_that_requests_changes_gets_another_round_and_no_more_than_the_limit(
    bench: Bench,
) -> None:
    def two_rounds(crew: Crew) -> None:
        for number in (1, 2):
            crew.round = number
            crew.write({"a.txt": f"{number}\n"})
            crew.submit(confidence=0.9)
            crew.write({}, role="reviewer")
            crew.submit(role="reviewer", verdict="request_changes", summary="not yet")

    result = bench.run(two_rounds)
    assert (result.outcome, "last of 2 rounds: not yet" in result.reason) == (Outcome.FAILED, True)
    assert bench.count(EventType.ROUND_STARTED) == 2
    assert bench.count(EventType.COMMIT_CREATED) == 2


ERROR = {"path": "a.txt", "line": 1, "severity": "error", "comment": "it is wrong"}


@pytest.mark.parametrize("task", [{"id": "one", "role": "documenter", "review": True}])
def test_an_approval_with_a_finding_of_severity_error_goes_back_once_and_then_asks_for_changes(
    bench: Bench,
) -> None:
    replies: list[Submission] = []

    def approves_an_error(crew: Crew) -> None:
        crew.write({"a.txt": "a\n"})
        crew.submit()
        for number in (1, 2):
            crew.round = number
            crew.write({}, role="reviewer")
            for findings in ((ERROR,), (ERROR,)) if number == 1 else (({**ERROR, "severity": "note"},),):
                replies.append(crew.submit(role="reviewer", verdict="approve", findings=findings))
            if number == 1:
                crew.round = 2
                crew.write({"a.txt": "b\n"})
                crew.submit()

    assert bench.run(approves_an_error).outcome is Outcome.DELIVERED
    assert [(reply.accepted, reply.then) for reply in replies] == [
        (False, None),
        (True, Leg(roles=(Role.DOCUMENTER,), round=2)),
        (True, None),
    ]
    assert "a.txt:1 (error): it is wrong" in replies[0].text
    assert "lower the severity with a reason" in replies[0].text
    decisions = [data_of(record) for record in bench.world.records(EventType.DECISION_MADE)]
    assert [(one["who"], one["choice"]) for one in decisions] == [
        ("policy", "request_changes"),
        ("agent one/reviewer", "approve"),
    ]
    handoffs = [data_of(record)["verdict"] for record in bench.world.records(EventType.HANDOFF_SUBMITTED)]
    assert handoffs == ["", "approve", "approve", "", "approve"]


def test_a_second_crew_goes_on_from_the_commit_of_the_first_and_commits_nothing_twice(bench: Bench) -> None:
    def dies_after_its_submit(crew: Crew) -> None:
        crew.write({"a.txt": "a\n"})
        crew.submit()
        raise ProcessLost

    def submits_again(crew: Crew) -> None:
        crew.link.begin(crew.role, 1)
        crew.submit()

    assert bench.run(dies_after_its_submit).outcome is Outcome.DIED
    result = bench.run(submits_again, again=True)
    assert result.outcome is Outcome.DELIVERED
    assert (bench.count(EventType.COMMIT_CREATED), bench.count(EventType.AGENT_FINISHED)) == (1, 1)
    assert git(bench.world.repo, "show", f"{result.commit}:a.txt") == "a"


def test_a_branch_that_somebody_else_moved_begins_the_attempt_anew(bench: Bench) -> None:
    def dies(crew: Crew) -> None:
        crew.write({"a.txt": "a\n"})
        raise ProcessLost

    bench.run(dies)
    place = bench.context.worktrees / agent_id("one", "coder")
    git(place, "add", "-A")
    git(place, "commit", "-q", "-m", "by hand")
    result = bench.run(writes({"a.txt": "a\n"}), again=True)
    assert result.outcome is Outcome.DIVERGED


def test_the_worktree_of_a_crew_that_goes_on_may_be_gone(bench: Bench) -> None:
    def dies(crew: Crew) -> None:
        crew.write({"a.txt": "a\n"})
        raise ProcessLost

    bench.run(dies)
    result = bench.run(writes({"a.txt": "a\n"}), again=True)  # another registry: nothing was adopted
    assert (result.outcome, "gone" in result.reason) == (Outcome.DIVERGED, True)
