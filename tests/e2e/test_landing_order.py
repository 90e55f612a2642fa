"""The order in which a run lands what was delivered: most of it without a conflict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from devassist.domain.plan import parse_plan
from devassist.engine.run.landing_order import groups
from support.command_line import Done, Machine
from support.crewscript import CrewScript, edit, plan, submit, task, write
from support.repos import content

LINES = "".join(f"line {number}\n" for number in range(30))


def _run(make_machine: Callable[..., Machine]) -> tuple[Machine, Done]:
    """`both` comes first in the plan and is in the way of `upper` and of `lower`, which get along."""
    script = CrewScript()
    both = LINES.replace("line 2\n", "both 2\n").replace("line 25\n", "both 25\n")
    script.on("CASE-both.", "coder", write("text.txt", both), submit(proves=[0]))
    script.on("CASE-upper.", "coder", edit("text.txt", "line 2\n", "upper 2\n"), submit(proves=[0]))
    script.on("CASE-lower.", "coder", edit("text.txt", "line 25\n", "lower 25\n"), submit(proves=[0]))
    machine = make_machine(script=script, files={"text.txt": LINES})
    machine.config('[conflicts]\nresolve = "never"\n')
    names = ("both", "upper", "lower")
    tasks = [task(one, f"CASE-{one}.", review=False) for one in names]
    return machine, machine.run(plan(*tasks), "--max-parallel", "3")


def test_two_that_get_along_land_before_one_that_is_in_the_way_of_both(
    make_machine: Callable[..., Machine],
) -> None:
    machine, done = _run(make_machine)
    assert (done.code, done.json["status"]) == (1, "partial"), done
    statuses = {one["id"]: one["status"] for one in done.json["tasks"]}
    assert statuses == {"both": "delivered", "upper": "merged", "lower": "merged"}
    text = content(machine.repo, done.json["result_commit"], "text.txt")
    assert "upper 2\n" in text
    assert "lower 25\n" in text
    shown = machine.devassist(
        "audit", "list", "--run", "@last", "--type", "decision.made", "--format", "ndjson"
    )
    decisions = [one for one in shown.lines if "in which order" in str(one["data"].get("question"))]
    assert [one["data"]["choice"] for one in decisions] == ["upper, lower, both"]
    assert "2 of 3 land without one" in decisions[0]["data"]["reason"]
    assert machine.devassist("audit", "verify").code == 0


def test_the_tasks_that_wait_for_each_other_are_those_that_may_change_the_same_files() -> None:
    def wait(*tasks: dict[str, Any]) -> dict[str, tuple[str, ...]]:
        return dict(groups(parse_plan(plan(*tasks))))

    a, b = task("a", "A", scope=["a/**"]), task("b", "B", scope=["b/**"])
    free, look = task("free", "F"), task("look", "L", role="researcher", review=False)
    later = task("later", "L", depends_on=["a"])
    assert wait(a, b, look) == {}
    assert wait(a, free, look) == {"a": ("a", "free"), "free": ("a", "free")}
    assert wait(a, b, later) == {}
    assert set(wait(a, b, free, later)) == {"a", "b", "free"}
