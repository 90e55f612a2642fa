"""The plan: tasks, their order and their scopes, and every reason a plan cannot be run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from devassist.domain.changes import check_scope, scopes_overlap
from devassist.domain.errors import PlanError
from devassist.domain.roles import TASK_ROLES, Role, may_write

SCHEMA = "devassist.plan/1"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
_TASK_KEYS = (
    "id",
    "title",
    "role",
    "instructions",
    "scope",
    "depends_on",
    "checks",
    "review",
    "tester",
    "changes_tests",
    "private",
)
_LISTS = ("scope", "depends_on", "checks", "changes_tests")
_FORESEEN = frozenset({"predicted", "predicted_conflicts", "estimate"})
"""What --plan-only adds to a plan: read over when the plan comes back."""
_RESERVED = frozenset({"plan", "result"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTask:
    """One piece of work. An empty `scope` is the whole repository."""

    id: str
    title: str
    role: Role
    instructions: str = ""
    scope: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    review: bool = True
    tester: bool = True
    """Whether a coder's crew has a tester from the start."""
    changes_tests: tuple[str, ...] = ()
    """Globs of existing tests that the task may change, if a person has approved or passed the plan."""

    private: bool = False
    """Whether only local models may work on it, whatever its scope."""

    def as_json(self) -> dict[str, Any]:
        """The shape of contract 3."""
        private = {"private": True} if self.private else {}
        changes_tests = {"changes_tests": list(self.changes_tests)} if self.changes_tests else {}
        tester = {} if self.tester else {"tester": False}
        return {
            "id": self.id,
            "title": self.title,
            "role": str(self.role),
            "instructions": self.instructions,
            "scope": list(self.scope),
            "depends_on": list(self.depends_on),
            "checks": list(self.checks),
            "review": self.review,
            **tester,
            **changes_tests,
            **private,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A checked plan: unique ids, known roles, no cycle, scopes inside the repository."""

    goal: str
    tasks: tuple[PlanTask, ...]

    def task(self, task_id: str) -> PlanTask:
        return next(task for task in self.tasks if task.id == task_id)

    def order(self) -> Sequence[str]:
        """Task ids so that each follows what it depends on, otherwise as written."""
        done: list[str] = []
        waiting = list(self.tasks)
        while waiting:
            ready = next(task for task in waiting if all(one in done for one in task.depends_on))
            done.append(ready.id)
            waiting.remove(ready)
        return done

    def as_json(self) -> dict[str, Any]:
        return {"schema": SCHEMA, "goal": self.goal, "tasks": [task.as_json() for task in self.tasks]}

    def overlaps(self) -> Sequence[tuple[str, str]]:
        """Pairs of tasks that may write the same paths and that nothing orders."""
        before = {task.id: self._ancestors(task.id) for task in self.tasks}
        return [
            (one.id, other.id)
            for index, one in enumerate(self.tasks)
            for other in self.tasks[index + 1 :]
            if one.id not in before[other.id]
            and other.id not in before[one.id]
            and one.scope
            and other.scope
            and scopes_overlap(one.scope, other.scope)
        ]

    def ordered(self, one: str, other: str) -> bool:
        """One of the two depends on the other, directly or not."""
        return one in self._ancestors(other) or other in self._ancestors(one)

    def sequenced(self) -> Mapping[str, tuple[str, ...]]:
        """
        Task -> the tasks it waits for because their scopes meet, though it does not depend on them.

        Only tasks that may write count, and the one that is later in the plan's order waits.
        """
        order = list(self.order())
        found: dict[str, tuple[str, ...]] = {}
        for pair in self.overlaps():
            if all(may_write(self.task(name).role) for name in pair):
                first, later = sorted(pair, key=order.index)
                found[later] = (*found.get(later, ()), first)
        return {name: tuple(sorted(tasks, key=order.index)) for name, tasks in found.items()}

    def _ancestors(self, task_id: str) -> frozenset[str]:
        seen: set[str] = set()
        todo = list(self.task(task_id).depends_on)
        while todo:
            one = todo.pop()
            if one not in seen:
                seen.add(one)
                todo.extend(self.task(one).depends_on)
        return frozenset(seen)


def parse_plan(document: object, *, goal: str = "", source: str = "the plan") -> Plan:
    """
    Make a Plan of a JSON- or TOML-shaped value.

    Raises PlanError with every reason at once, so that one correction is enough.
    """
    if not isinstance(document, Mapping):
        raise PlanError(f"{source} is not an object", hint=f'Give {{"schema": "{SCHEMA}", "tasks": [...]}}')
    problems: list[str] = []
    known = {"schema", "goal", "tasks", "rationale", "confidence", "crew"} | _FORESEEN
    problems += [_unknown("", key, sorted(known)) for key in document if key not in known]
    schema = document.get("schema", SCHEMA)
    if schema != SCHEMA:
        problems.append(f"schema is {schema!r}, known is {SCHEMA!r}")
    entries = document.get("tasks")
    if not isinstance(entries, Sequence) or isinstance(entries, str) or not entries:
        problems.append("tasks must be a list of at least one task")
        entries = []
    tasks = [task for at, entry in enumerate(entries) if (task := _task(entry, at, problems)) is not None]
    problems += _relations(tasks)
    if problems:
        raise PlanError(
            f"{source} cannot be run: " + "; ".join(problems),
            hint="Correct the plan; 'devassist run GOAL --plan-only --format json' prints the shape",
        )
    stated = document.get("goal")
    return Plan(goal=goal or (stated if isinstance(stated, str) else ""), tasks=tuple(tasks))


def _unknown(where: str, key: object, known: Sequence[str]) -> str:
    near = get_close_matches(str(key), known, n=1)
    meant = f", did you mean {near[0]!r}" if near else ""
    return f"{where}unknown key {key!r}{meant} (known: {', '.join(known)})"


def _task(entry: object, at: int, problems: list[str]) -> PlanTask | None:
    if not isinstance(entry, Mapping):
        problems.append(f"tasks[{at}] is not an object")
        return None
    count = len(problems)
    task_id = entry.get("id")
    where = f"task {task_id!r}: " if isinstance(task_id, str) else f"tasks[{at}]: "
    problems += [_unknown(where, key, _TASK_KEYS) for key in entry if key not in _TASK_KEYS]
    if not isinstance(task_id, str) or not _valid_id(task_id):
        problems.append(
            f"tasks[{at}]: id {task_id!r} must be 1 to 40 of A-Z a-z 0-9 _ . - and start with a letter or digit"
        )
    title = entry.get("title", task_id)
    instructions = entry.get("instructions", title)
    role = _role(entry.get("role", "coder"), where, problems)
    for name, value in (("title", title), ("instructions", instructions)):
        if not isinstance(value, str) or not value.strip():
            problems.append(f"{where}{name} must be a text")
    choices = {key: entry.get(key, key != "private") for key in ("review", "tester", "private")}
    problems += [
        f"{where}{key} must be true or false" for key, value in choices.items() if not isinstance(value, bool)
    ]
    lists = {key: _strings(entry.get(key), key, where, problems) for key in _LISTS}
    for key in ("scope", "changes_tests"):
        for pattern in lists[key]:
            if reason := check_scope(pattern):
                problems.append(f"{where}{key} {pattern!r}: {reason}")
    if len(problems) > count or role is None:
        return None
    return PlanTask(
        id=str(task_id),
        title=str(title),
        role=role,
        instructions=str(instructions),
        review=bool(choices["review"]),
        tester=bool(choices["tester"]),
        private=bool(choices["private"]),
        **lists,
    )


def _valid_id(task_id: str) -> bool:
    shape = _ID.fullmatch(task_id) is not None
    return shape and ".." not in task_id and not task_id.endswith((".lock", ".")) and task_id not in _RESERVED


def _role(name: object, where: str, problems: list[str]) -> Role | None:
    known = [str(role) for role in TASK_ROLES]
    if name in known:
        return Role(str(name))
    problems.append(f"{where}role {name!r} is not one a task may have (known: {', '.join(known)})")
    return None


def _strings(value: object, key: str, where: str, problems: list[str]) -> tuple[str, ...]:
    if value is None:
        return ()
    if (
        isinstance(value, Sequence)
        and not isinstance(value, str)
        and all(isinstance(one, str) for one in value)
    ):
        if all(one.strip() for one in value):
            return tuple(value)
        problems.append(f"{where}{key} has an empty text")
        return ()
    problems.append(f"{where}{key} must be a list of texts")
    return ()


def _relations(tasks: Sequence[PlanTask]) -> Sequence[str]:
    ids = [task.id for task in tasks]
    problems = [f"duplicate task id {one!r}" for one in dict.fromkeys(ids) if ids.count(one) > 1]
    lower = [one.lower() for one in dict.fromkeys(ids)]
    problems += [
        f"task ids differ only in case: {one!r}" for one in dict.fromkeys(lower) if lower.count(one) > 1
    ]
    for task in tasks:
        unknown = [one for one in task.depends_on if one not in ids]
        problems += [f"task {task.id!r} depends on {one!r}, which is not in the plan" for one in unknown]
    if not problems and (cycle := _cycle(tasks)):
        problems.append("the dependencies have a cycle: " + " -> ".join(cycle))
    return problems


def _cycle(tasks: Iterable[PlanTask]) -> Sequence[str]:
    edges = {task.id: task.depends_on for task in tasks}
    state: dict[str, int] = {}
    for start in edges:
        path: list[tuple[str, int]] = [(start, 0)]
        while path:
            node, at = path.pop()
            if at == 0 and state.get(node) == 2:  # noqa: PLR2004  2 = left for good
                continue
            state[node] = 1
            if at == len(edges[node]):
                state[node] = 2
                continue
            path.append((node, at + 1))
            following = edges[node][at]
            if state.get(following) == 1:
                names = [name for name, _ in path]
                return [*names[names.index(following) :], following]
            path.append((following, 0))
    return []
