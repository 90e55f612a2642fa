"""A run from its first event to its last: its limits, its state, and how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from devassist.domain.errors import AuditError
from devassist.domain.events import EventType, Record
from devassist.domain.settings import Limits, Settings
from devassist.domain.state.run import RunState, RunStatus
from support.engine_world import EngineWorld, plan_of
from support.fake_crews import Crew, FakeExecutor

FEW = 3


def thinks_for_ever(crew: Crew) -> None:
    crew.write({"a.txt": "a\n"})
    turn = 0
    while turn < 50:
        turn += 1
        crew.think(turn=turn, usd=1.0)


class ForgetsWhatIsSpent(RunState):
    """A state that cannot take in the third model call."""

    def apply(self, record: Record) -> None:
        if record.type is EventType.MODEL_CALLED and self.usage.model_calls == FEW - 1:
            raise ArithmeticError("out of fingers")
        super().apply(record)


def test_a_budget_refuses_the_call_after_it_is_spent(tmp_path: Path) -> None:
    executor = FakeExecutor().on("one", thinks_for_ever)
    settings = Settings(limits=Limits(max_usd=float(FEW)))
    world = EngineWorld(tmp_path, plan_of({"id": "one"}), settings, executor=executor)
    state = world.supervise()
    assert (state.status, state.exit_code) == (RunStatus.LIMITED, 4)
    assert len(world.records(EventType.MODEL_CALLED)) == FEW


def test_no_call_is_made_once_the_state_cannot_tell_what_is_spent(tmp_path: Path) -> None:
    executor = FakeExecutor().on("one", thinks_for_ever)
    settings = Settings(limits=Limits(max_usd=float(FEW)))
    world = EngineWorld(
        tmp_path, plan_of({"id": "one"}), settings, executor=executor, state=ForgetsWhatIsSpent
    )
    with pytest.raises(AuditError, match="out of fingers"):
        world.supervise()
    assert len(world.records(EventType.MODEL_CALLED)) == FEW
    (finished,) = world.records(EventType.RUN_FINISHED)
    assert (finished.body.status, finished.body.exit_code) == ("failed", 70)
    assert "out of fingers" in finished.body.error
