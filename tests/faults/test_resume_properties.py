"""The law of resuming: step, crash, resume, answer and stop in any order, and nothing is lost, paid or merged twice."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import ClassVar

from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from matrix import SUPERVISOR, TWICE, WORKER, Stage

from support.acts import program
from support.repos import git
from support.world import World, broken
from support.zygote import Zygote

EXAMPLES = int(os.environ.get("DEVASSIST_FAULT_EXAMPLES", "4"))
CRASHES = st.sampled_from([*SUPERVISOR, *WORKER, "anchor.write"]).flatmap(
    lambda point: st.tuples(st.just(point), st.integers(1, 2) if point in TWICE else st.just(1))
)


class Resuming(RuleBasedStateMachine):
    """A run under real kills. Every rule is what a person or the machine may do next."""

    zygote: ClassVar[Zygote]
    stage: ClassVar[Stage]

    def __init__(self) -> None:
        super().__init__()
        self.world = World(Path(tempfile.mkdtemp(dir=self.stage.directory)) / "world", self.zygote)
        self.events: dict[int, str] = {}

    @initialize(crash=CRASHES)
    def begins(self, crash: tuple[str, int]) -> None:
        self.world.run(self._fault(*crash))

    @rule(crash=CRASHES)
    def crashes_again(self, crash: tuple[str, int]) -> None:
        self.world.resume(self._fault(*crash))

    @rule()
    def goes_on(self) -> None:
        self.world.resume()

    @precondition(
        lambda self: bool(self.world.query("SELECT 1 FROM events WHERE type = 'approval.requested'"))
    )
    @rule()
    def is_answered(self) -> None:
        self.world.approve_all()

    @rule()
    def is_stopped(self) -> None:
        self.world.call("stop", self.world.run_id, "--now")

    @invariant()
    def no_commit_is_lost(self) -> None:
        made = self.world.query(
            "SELECT json_extract(data, '$.commit') FROM events WHERE type IN ('commit.created', 'merge.completed')"
        )
        reachable = set(git(self.world.repo, "rev-list", "--all").split())
        assert {commit for (commit,) in made} <= reachable

    @invariant()
    def nothing_is_merged_without_a_word(self) -> None:
        merged = self.world.query("SELECT task, seq FROM events WHERE type = 'merge.completed'")
        for task, seq in merged:
            assert self.world.query(
                "SELECT 1 FROM events WHERE type = 'merge.approved' AND task = ? AND seq < ?", task, seq
            )
            if task == "t2":  # under the threshold: only a person may
                said = "SELECT 1 FROM events WHERE type = 'approval.decided' AND task = 't2' AND seq < ?"
                assert self.world.query(said, seq)

    @invariant()
    def no_call_is_paid_twice(self) -> None:
        paid = self.world.query(
            "SELECT COUNT(*) FROM events WHERE type = 'model.called' AND json_extract(data, '$.status') = 'ok'"
            " GROUP BY task, json_extract(data, '$.role'), json_extract(data, '$.round'), json_extract(data, '$.turn')"
        )
        assert all(count == 1 for (count,) in paid)

    @invariant()
    def the_log_only_grows(self) -> None:
        now = dict(self.world.query("SELECT seq, hex(hash) FROM events"))
        assert self.events.items() <= now.items()
        self.events = now

    def teardown(self) -> None:
        if not self.world.history:
            return
        self.world.finish()
        try:
            problems = broken(self.world, listing=self.stage.listing, acknowledged=self.events)
            for one in problems:
                note(one)
            assert problems == []
        finally:
            shutil.rmtree(self.world.root, ignore_errors=True)

    def _fault(self, point: str, nth: int) -> str:
        (self.world.fired / point).unlink(missing_ok=True)
        return f"{point}:{nth}:{program(self.world.root, self.world.repo, 'kill-supervisor')}"


def test_any_order_of_crashes_answers_and_stops_ends_as_an_undisturbed_run(
    zygote: Zygote, stage: Stage
) -> None:
    Resuming.zygote, Resuming.stage = zygote, stage
    Resuming.TestCase.settings = settings(
        max_examples=EXAMPLES,
        stateful_step_count=4,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[
            Phase.explicit,
            Phase.generate,
        ],  # a failing order is short enough, and shrinking takes minutes
    )
    Resuming.TestCase("runTest").runTest()
