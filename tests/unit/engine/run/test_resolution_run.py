"""A run for one conflict: limited, stopped, resumed and recorded as every run is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from devassist.conflicts.resolution.three_way_merge import MergingPair
from devassist.crew.crew_stop import CrewStop
from devassist.domain.conflicts import Side
from devassist.domain.errors import LimitReached, ModelError, Unfinished, WaitingForPerson
from devassist.domain.events import EventType
from devassist.domain.settings import Limits, Settings
from devassist.domain.statuses import Outcome, RunStatus, TaskStatus
from devassist.engine.context import RunContext
from devassist.engine.resolution.resolution_request import ResolutionRequest, ResolutionResult
from devassist.engine.run.resolution_run import TASK, ResolutionRun
from devassist.engine.run.supervisor import Supervisor
from support.engine_world import PATIENCE_S, EngineWorld
from support.fake_crews import Crew, FakeExecutor, Script

BOTH = "# calc\n\nOurs and theirs.\n"
pytestmark = pytest.mark.timeout(120)


@dataclass
class Clash:
    """Two commits that change the same line, and an integrator that is scripted."""

    world: EngineWorld
    keeps: bool = True
    accepted: list[ResolutionResult] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ours = self.world.commit({"README.md": "# calc\n\nOurs.\n"})
        self.theirs = self.world.commit({"README.md": "# calc\n\nTheirs.\n"})

    @contextmanager
    def session(self, *, resumed: bool = False, spent_s: float = 0.0) -> Iterator[Supervisor]:
        repository = self.world.repository
        sides = [
            Side(name=name, commit=commit, tree=repository.tree_of(commit))
            for name, commit in (("ours", self.ours), ("theirs", self.theirs))
        ]
        with (
            self.world.session(resumed=resumed, spent_s=spent_s) as context,
            MergingPair(repository, sides[0], sides[1], context.environment) as pair,
        ):
            request = ResolutionRequest(
                pair=pair, intents=("ours", "theirs"), paths=["README.md"], objections=["both changed it"]
            )
            yield Supervisor(context=context, work=self.work(context, request))

    def work(self, context: RunContext, request: ResolutionRequest) -> ResolutionRun:
        def accept(result: ResolutionResult) -> str | None:
            self.accepted.append(result)
            return "c0ffee" if self.keeps else None

        return ResolutionRun(context=context, request=request, accept=accept)


def clash(tmp_path: Path, *scripts: Script, minutes: float = 120.0) -> Clash:
    executor = FakeExecutor().on(TASK, *scripts)
    settings = Settings(limits=Limits(max_minutes=minutes))
    return Clash(EngineWorld(tmp_path, settings=settings, executor=executor))


def drops_one_side(crew: Crew) -> None:
    crew.write({"README.md": BOTH})
    crew.submit(confidence=0.9, dropped=("Ours.", "Theirs."))


def ends(outcome: Outcome) -> Script:
    def script(_crew: Crew) -> None:
        raise CrewStop(outcome, "no idea")

    return script


def test_a_resolution_is_a_plan_with_one_task_whose_result_is_accepted(tmp_path: Path) -> None:
    found = clash(tmp_path, drops_one_side)
    with found.session() as supervisor:
        state = supervisor.execute()
    assert (state.status, state.exit_code, state.result_commit) == (RunStatus.SUCCEEDED, 0, "c0ffee")
    assert (state.plan_source, [task.id for task in state.work()]) == ("conflict", [TASK])
    assert state.tasks[TASK].status is TaskStatus.DELIVERED
    (result,) = found.accepted
    assert found.world.repository.read_file(result.tree, "README.md").decode() == BOTH


def test_a_resolution_that_is_not_accepted_leaves_the_run_partial(tmp_path: Path) -> None:
    found = clash(tmp_path, drops_one_side)
    found.keeps = False
    with found.session() as supervisor:
        state = supervisor.execute()
    assert (state.status, state.exit_code, state.result_commit) == (RunStatus.PARTIAL, 1, None)
    assert state.tasks[TASK].error == "the resolution is not accepted"


@pytest.mark.parametrize(
    ("outcome", "error", "status", "code"),
    [
        (Outcome.FAILED, Unfinished, RunStatus.FAILED, 1),
        (Outcome.ERROR, ModelError, RunStatus.FAILED, 5),
        (Outcome.LIMITED, LimitReached, RunStatus.LIMITED, 4),
    ],
)
def test_a_run_without_a_resolution_says_why(
    tmp_path: Path, outcome: Outcome, error: type[Exception], status: RunStatus, code: int
) -> None:
    found = clash(tmp_path, ends(outcome))
    with found.session() as supervisor:
        state = supervisor.execute()
    assert (state.status, state.exit_code) == (status, code)
    assert isinstance(supervisor.error, error)


def test_an_integrator_that_asks_leaves_the_run_waiting_and_goes_on_with_the_answer(tmp_path: Path) -> None:
    answers: list[str] = []

    def asks(crew: Crew) -> None:
        crew.write({"README.md": BOTH})
        answers.append(crew.ask())
        crew.submit(confidence=0.9, dropped=("Ours.", "Theirs."))

    found = clash(tmp_path, asks)
    with found.session() as supervisor:
        state = supervisor.execute()
        (request,) = state.approvals.values()
    assert (state.status, isinstance(supervisor.error, WaitingForPerson)) == (RunStatus.WAITING, True)
    found.world.decide(request, "answer", "blue")
    with found.session(resumed=True) as supervisor:
        assert supervisor.execute().status is RunStatus.SUCCEEDED
    assert answers == ["blue"]
    assert len(found.world.records(EventType.PLAN_SUBMITTED)) == 1


def test_the_time_limit_of_a_resumed_resolution_counts_what_was_spent_before(tmp_path: Path) -> None:
    gone = threading.Event()

    def hangs(crew: Crew) -> None:
        crew.write({"README.md": BOTH})
        gone.wait(PATIENCE_S)

    found = clash(tmp_path, hangs, minutes=1.0)
    with found.session(resumed=False, spent_s=59.5) as supervisor:
        state = supervisor.execute()
    gone.set()
    assert (state.status, state.exit_code) == (RunStatus.LIMITED, 4)
    assert state.error == "the run has taken its 1 minutes"


def test_a_stop_ends_a_resolution_that_hangs(tmp_path: Path) -> None:
    gone, there = threading.Event(), threading.Event()

    def hangs(crew: Crew) -> None:
        crew.write({"README.md": BOTH})
        there.set()
        gone.wait(PATIENCE_S)

    found = clash(tmp_path, hangs)
    with found.session() as supervisor:
        stop = supervisor.context.stop

        def pull() -> None:
            there.wait(PATIENCE_S)
            stop.pull(Outcome.STOPPED, "interrupted", exit_code=130)

        threading.Thread(target=pull, daemon=True).start()
        state = supervisor.execute()
    gone.set()
    assert (state.status, state.exit_code) == (RunStatus.STOPPED, 130)
