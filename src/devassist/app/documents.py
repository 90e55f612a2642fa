"""The JSON documents that commands print: events, runs, tasks and plans."""

from __future__ import annotations

from devassist.domain.plan import SCHEMA, Plan
from devassist.domain.state.run import RunState
from devassist.domain.state.tasks import TaskState
from devassist.reports.event_document import event_document
from devassist.reports.run_document import Json, RunDocument, TaskDocument, builtins

__all__ = ["Json", "builtins", "event_document", "plan_document", "run_document", "task_document"]


def run_document(state: RunState) -> Json:
    """The run as `devassist.run/1`."""
    return builtins(RunDocument.of(state))


def task_document(task: TaskState) -> Json:
    """One task of a run, as `devassist.task/1`."""
    return {"schema": "devassist.task/1", **builtins(TaskDocument.of(task))}


def plan_document(plan: Plan) -> Json:
    """The plan as `devassist.plan/1`; a task that may change no test does not say so."""
    return {"schema": SCHEMA, **plan.as_json()}
