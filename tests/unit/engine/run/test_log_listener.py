"""The thread that listens to the log: what it hears, and that the run ends when it cannot."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from devassist.crew.crew_stop import CrewStop
from devassist.domain.errors import AuditError
from devassist.domain.events import EventType, Record
from devassist.domain.state.run import RunStatus
from devassist.engine.run.inbox import Inbox, LogChanged
from devassist.engine.run.log_listener import LogListener
from support.engine_world import PATIENCE_S, EngineWorld, plan_of, running, until
from support.fake_crews import Crew, FakeExecutor


def waits_to_be_stopped(crew: Crew) -> None:
    """A crew at work until the run refuses it."""
    crew.write({"a.txt": "a\n"})
    while True:
        crew.think()
        threading.Event().wait(0.05)


def test_what_another_process_records_is_in_the_state_when_the_coordinator_is_told(tmp_path: Path) -> None:
    world, inbox = EngineWorld(tmp_path), Inbox()
    with world.session() as context, LogListener(context=context, inbox=inbox):
        world.say(EventType.NOTE_POSTED, "one", text="look here")
        assert inbox.take(timeout_s=PATIENCE_S) == LogChanged()
        assert [note.posted.text for note in context.journal.state.notes] == ["look here"]


def test_a_stop_request_of_another_process_stops_the_run(tmp_path: Path) -> None:
    executor = FakeExecutor().on("one", waits_to_be_stopped)
    world = EngineWorld(tmp_path, plan_of({"id": "one"}), executor=executor)
    with running(world) as run:
        until(lambda: world.records(EventType.MODEL_CALLED))
        world.say(EventType.STOP_REQUESTED, who="person ada")
        state = run.end()
    assert (state.status, state.exit_code, state.error) == (RunStatus.STOPPED, 130, "stopped by person ada")


def test_the_run_fails_when_its_listener_breaks(tmp_path: Path) -> None:
    executor = FakeExecutor().on("one", waits_to_be_stopped)
    world = EngineWorld(tmp_path, plan_of({"id": "one"}), executor=executor)

    def breaks(_seq: int) -> Sequence[Record]:
        raise ZeroDivisionError

    with world.session() as context:
        state = world.supervisor(replace(context, steering=breaks)).execute()
    assert (state.status, state.exit_code) == (RunStatus.FAILED, 70)
    assert "can no longer listen to its log: ZeroDivisionError()" in state.error


def test_a_log_that_is_busy_for_a_moment_is_asked_again(tmp_path: Path) -> None:
    world, inbox = EngineWorld(tmp_path), Inbox()
    refusals = [AuditError("busy"), AuditError("busy")]

    def busy_at_first(seq: int) -> Sequence[Record]:
        if refusals:
            raise refusals.pop()
        return world.steering(seq)

    with (
        world.session() as context,
        LogListener(context=replace(context, steering=busy_at_first), inbox=inbox),
    ):
        world.say(EventType.NOTE_POSTED, "one", text="look here")
        assert inbox.take(timeout_s=PATIENCE_S) == LogChanged()
        assert not context.stop.pulled


def test_a_crew_that_is_refused_leaves(tmp_path: Path) -> None:
    reasons: list[str] = []

    def keeps_its_reason(crew: Crew) -> None:
        try:
            waits_to_be_stopped(crew)
        except CrewStop as stop:
            reasons.append(stop.outcome)
            raise

    executor = FakeExecutor().on("one", keeps_its_reason)
    world = EngineWorld(tmp_path, plan_of({"id": "one"}), executor=executor)
    with running(world) as run:
        until(lambda: world.records(EventType.MODEL_CALLED))
        world.say(EventType.STOP_REQUESTED, who="person ada")
        run.end()
    assert reasons == ["stopped"]
