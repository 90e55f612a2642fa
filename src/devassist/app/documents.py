"""The JSON documents that commands print: events, runs, tasks and plans."""

from __future__ import annotations

from collections.abc import Mapping

from devassist.domain.plan import SCHEMA, Plan
from devassist.domain.state.run import RunState
from devassist.domain.state.tasks import TaskState
from devassist.reports.event_document import event_document
from devassist.reports.run_document import Json, RunDocument, TaskDocument, builtins

__all__ = ["Json", "event_document", "plan_document", "run_document", "task_document"]


NOTHING: Mapping[str, object] = {}


def run_document(state: RunState) -> Json:
    """The JSON document of contract 5."""
    return builtins(RunDocument.of(state))


def task_document(task: TaskState) -> Json:
    """One task of it, as `devassist.task/1`."""
    return {"schema": "devassist.task/1", **builtins(TaskDocument.of(task))}


def plan_document(plan: Plan, foreseen: Mapping[str, object] = NOTHING) -> Json:
    """A plan of contract 3, with what is foreseen of it."""
    return {"schema": SCHEMA, **builtins(plan), **foreseen}
