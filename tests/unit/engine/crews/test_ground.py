"""What the harness tells an agent of the moment when it begins."""

from __future__ import annotations

from pathlib import Path

from devassist.domain.events import Event, EventType, PlanSubmitted, TaskStarted
from devassist.domain.handoffs import GROUND_BEGINS, GROUND_ENDS
from devassist.engine.crews.ground import answers, framed, other_tasks
from support.engine_world import EngineWorld, plan_of

PLAN = plan_of({"id": "one"}, {"id": "two"}, {"id": "three"})


def asked(world: EngineWorld, id_: str, task: str, kind: str, question: str) -> None:
    world.say(EventType.APPROVAL_REQUESTED, task, approval=id_, kind=kind, question=question, binds_to=id_)


def decided(world: EngineWorld, id_: str, task: str, choice: str, **more: str) -> None:
    world.say(EventType.APPROVAL_DECIDED, task, approval=id_, choice=choice, binds_to=id_, **more)


def test_other_tasks_are_called_what_they_are(tmp_path: Path) -> None:
    world = EngineWorld(tmp_path, PLAN)
    with world.session() as context:
        context.journal.record(Event(PlanSubmitted(plan=PLAN)), Event(TaskStarted(title="two"), task="two"))
    with world.session(resumed=True) as context:
        assert other_tasks(context, PLAN, "one") == "Other tasks now: two is at work, three is not begun"
        assert other_tasks(context, plan_of({"id": "one"}), "one") == ""


def test_what_people_said_is_told_to_the_task_and_what_they_told_the_planners_to_all(tmp_path: Path) -> None:
    world = EngineWorld(tmp_path, PLAN)
    with world.session():
        asked(world, "a1", "plan", "question", "Which database?")
        decided(world, "a1", "plan", "answer", answer="sqlite")
        asked(world, "a2", "one", "scope", "widen the scope to docs/**? for the guide")
        decided(world, "a2", "one", "approve")
        asked(world, "a3", "one", "command", "run `make deploy`?")
        decided(world, "a3", "one", "reject", reason="never from here")
        asked(world, "a4", "one", "question", "Nobody answered this?")
        asked(world, "a5", "one", "merge", "land it?")
        decided(world, "a5", "one", "approve")
    with world.session(resumed=True) as context:
        assert answers(context, "one").splitlines() == [
            "What people have said:",
            "- Which database? sqlite",
            "- widen the scope to docs/**? for the guide Granted.",
            "- run `make deploy`? Refused: never from here",
        ]
        assert answers(context, "two").splitlines()[1:] == ["- Which database? sqlite"]


def test_what_may_change_stands_between_two_lines_and_nothing_between_none() -> None:
    assert framed(["", ""]) == ""
    assert framed(["a", "", "b"]) == f"{GROUND_BEGINS}\n\na\n\nb\n\n{GROUND_ENDS}"
