"""Plans: every reason why one cannot be run, the order of the rest, and what may collide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devassist.domain.errors import PlanError
from devassist.domain.plan import SCHEMA, Plan, parse_plan


def task(id_: str = "t1", **more: Any) -> dict[str, Any]:
    return {"id": id_, "title": f"Title of {id_}", "role": "coder", "instructions": "Do it.", **more}


def plan(*tasks: Any, **more: Any) -> dict[str, Any]:
    return {"schema": SCHEMA, "goal": "a goal", "tasks": list(tasks), **more}


def reason(document: object) -> str:
    with pytest.raises(PlanError) as caught:
        parse_plan(document)
    assert caught.value.exit_code == 2
    assert caught.value.hint
    return str(caught.value)


def test_a_small_plan_is_taken_with_its_defaults() -> None:
    parsed = parse_plan({"tasks": [{"id": "t1", "title": "Add a function"}]}, goal="the goal")
    assert parsed.goal == "the goal"
    assert parsed.as_json()["tasks"] == [
        {
            "id": "t1",
            "title": "Add a function",
            "role": "coder",
            "instructions": "Add a function",
            "scope": [],
            "depends_on": [],
            "checks": [],
            "review": True,
        }
    ]


def test_the_goal_that_was_given_goes_before_the_plans_own() -> None:
    assert parse_plan(plan(task())).goal == "a goal"
    assert parse_plan(plan(task()), goal="another").goal == "another"
    assert parse_plan(plan(task(), goal=7)).goal == ""


@pytest.mark.parametrize("document", ["text", 7, None, ["t1"], True])
def test_what_is_not_an_object_is_no_plan(document: object) -> None:
    assert "is not an object" in reason(document)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"tasks": []}, "tasks must be a list of at least one task"),
        ({}, "tasks must be a list of at least one task"),
        ({"tasks": "t1"}, "tasks must be a list of at least one task"),
        ({"tasks": {"id": "t1"}}, "tasks must be a list of at least one task"),
        (
            plan(task(), schema="devassist.plan/9"),
            "schema is 'devassist.plan/9', known is 'devassist.plan/1'",
        ),
        (plan(task(), taskz=[]), "unknown key 'taskz', did you mean 'tasks'"),
        (plan("t1"), "tasks[0] is not an object"),
        (plan(task(), task("t2", chekcs=[])), "task 't2': unknown key 'chekcs', did you mean 'checks'"),
        (plan({"title": "no id"}), "tasks[0]: id None must be"),
        (plan(task(7)), "tasks[0]: id 7 must be"),
        (plan(task("")), "id '' must be"),
        (plan(task("a b")), "id 'a b' must be"),
        (plan(task("-x")), "id '-x' must be"),
        (plan(task("a/b")), "id 'a/b' must be"),
        (plan(task("a..b")), "id 'a..b' must be"),
        (plan(task("a.lock")), "id 'a.lock' must be"),
        (plan(task("a.")), "id 'a.' must be"),
        (plan(task("x" * 41)), "must be 1 to 40"),
        (plan(task("t\n")), "id 't\\n' must be"),
        (plan(task("result")), "id 'result' must be"),
        (plan(task("plan")), "id 'plan' must be"),
        (plan(task(title="")), "task 't1': title must be a text"),
        (plan(task(title=[])), "task 't1': title must be a text"),
        (plan(task(instructions="  ")), "task 't1': instructions must be a text"),
        (
            plan(task(role="manager")),
            "task 't1': role 'manager' is not one a task may have (known: coder, documenter",
        ),
        (plan(task(role="reviewer")), "role 'reviewer' is not one a task may have"),
        (plan(task(role=None)), "role None is not one a task may have"),
        (plan(task(review="no")), "review must be true or false"),
        (plan(task(scope="src/**")), "scope must be a list of texts"),
        (plan(task(scope=[1])), "scope must be a list of texts"),
        (plan(task(scope=["../other/**"])), "scope '../other/**'"),
        (plan(task(scope=["/etc/passwd"])), "scope '/etc/passwd'"),
        (plan(task(scope=[".git/hooks/**"])), "scope '.git/hooks/**'"),
        (plan(task(depends_on="t0")), "depends_on must be a list of texts"),
        (plan(task(checks=[""])), "checks has an empty text"),
        (plan(task(checks={"a": 1})), "checks must be a list of texts"),
        (plan(task(depends_on=["t9"])), "task 't1' depends on 't9', which is not in the plan"),
        (plan(task(), task()), "duplicate task id 't1'"),
        (plan(task("a"), task("A")), "task ids differ only in case: 'a'"),
    ],
)
def test_each_reason_names_the_task_and_what_is_wrong(document: object, said: str) -> None:
    assert said in reason(document)


@pytest.mark.parametrize(
    ("edges", "said"),
    [
        ({"a": ["a"]}, "a -> a"),
        ({"a": ["b"], "b": ["a"]}, "a -> b -> a"),
        ({"x": ["a"], "a": ["b"], "b": ["c"], "c": ["a"]}, "a -> b -> c -> a"),
    ],
)
def test_a_cycle_is_shown_from_end_to_end(edges: Mapping[str, list[str]], said: str) -> None:
    document = plan(*[task(one, depends_on=needs) for one, needs in edges.items()])
    assert f"the dependencies have a cycle: {said}" in reason(document)


def test_all_reasons_come_at_once_so_that_one_correction_is_enough() -> None:
    said = reason(plan(task(role="boss"), task("t2", scope=["../x"]), task("t3", review=3), zchema=1))
    for part in ("'boss'", "'../x'", "review must be", "'zchema'"):
        assert part in said


def test_a_plan_with_braces_and_unicode_keeps_them() -> None:
    text = "Render {{ name }} as {x}: Grüße, 日本"
    assert parse_plan(plan(task(instructions=text))).task("t1").instructions == text


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Acyclic by construction: a task depends on ones drawn before it; written in any order."""
    count = draw(st.integers(min_value=1, max_value=8))
    tasks = []
    for number in range(count):
        before = [f"t{one}" for one in range(number)]
        needs = draw(st.lists(st.sampled_from(before), unique=True)) if before else []
        tasks.append(
            task(
                f"t{number}",
                depends_on=needs,
                role=draw(st.sampled_from(["coder", "documenter", "tester", "researcher"])),
                scope=draw(
                    st.lists(st.sampled_from(["src/**", "docs/*.md", "src/a/b.py", "tests/**"]), unique=True)
                ),
                checks=draw(st.lists(st.sampled_from(["true", "pytest -q"]), unique=True)),
                review=draw(st.booleans()),
            )
        )
    return parse_plan(plan(*draw(st.permutations(tasks))))


@given(plans())
def test_the_order_follows_the_dependencies_and_loses_nothing(parsed: Plan) -> None:
    order = list(parsed.order())
    assert sorted(order) == sorted(one.id for one in parsed.tasks)
    for one in parsed.tasks:
        assert all(order.index(needed) < order.index(one.id) for needed in one.depends_on)


@given(plans())
def test_a_plan_written_down_and_read_again_is_the_same(parsed: Plan) -> None:
    assert parse_plan(parsed.as_json()) == parsed


@given(plans())
def test_tasks_that_one_orders_never_overlap(parsed: Plan) -> None:
    for left, right in parsed.overlaps():
        assert right not in parsed.task(left).depends_on
        assert left not in parsed.task(right).depends_on


def test_the_order_is_the_written_one_where_nothing_is_depended_on() -> None:
    assert parse_plan(plan(task("b"), task("a"), task("c"))).order() == ["b", "a", "c"]


def test_tasks_that_may_write_the_same_paths_are_named_once() -> None:
    parsed = parse_plan(
        plan(
            task("a", scope=["src/**"]),
            task("b", scope=["src/pkg/x.py"]),
            task("c", scope=["docs/**"]),
            task("d", scope=["src/**"], depends_on=["b"]),
            task("e", scope=["src/**"], depends_on=["d", "a"]),
        )
    )
    assert parsed.overlaps() == [("a", "b"), ("a", "d")]
