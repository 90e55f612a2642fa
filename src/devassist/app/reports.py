"""Wires what is told of runs: the files that a run writes about itself, and reports read from the log."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from devassist.app.conflicts.ledger import known_conflicts
from devassist.app.wiring.project import Project, open_reader
from devassist.domain.plan import SCHEMA, Plan
from devassist.domain.state.run import RunState
from devassist.domain.state.tasks import TaskState
from devassist.reports.event_document import event_document
from devassist.reports.parts import ConflictEnding
from devassist.reports.run_document import Json, RunDocument, TaskDocument, builtins

if TYPE_CHECKING:  # imported where they are used: `--help` must not pay for them
    from devassist.reports.story import Story

__all__ = ["Json", "event_document"]

NOTHING: Mapping[str, object] = {}

# Prompts, replies and what tools returned are no part of a report; what checks printed is.
_UNREAD = frozenset({"model.intended", "model.called", "tool.intended", "tool.called"})


def load_story(project: Project, run: str) -> Story:
    """What the log tells of one run; `run` may be a prefix or @last. Raises NotFound."""
    from devassist.reports.story import Story
    from devassist.store.filters import EventFilter

    with open_reader(project) as reader:
        name = reader.find_run(run)
        story = Story.of(reader.events(EventFilter(run=name), raw_types=_UNREAD))
    if story.state.conflicts:
        for id_, one in known_conflicts(project).items():
            if id_ in story.state.conflicts and (one["gone"] or "ended" in one):
                ended = one.get("ended", {})
                story.endings[id_] = ConflictEnding(
                    status=ended.get("status", "gone"),
                    who=ended.get("who", ""),
                    reason=ended.get("reason", ""),
                )
    return story


def told(story: Story, *, as_page: bool = False) -> str:
    """The report in Markdown, or as one page of HTML."""
    from devassist.reports.markdown import markdown
    from devassist.reports.page import page

    return page(story) if as_page else markdown(story)


def run_document(state: RunState) -> Json:
    """The JSON document of contract 5."""
    return builtins(RunDocument.of(state))


def task_document(task: TaskState) -> Json:
    """One task of it, as `devassist.task/1`."""
    return {"schema": "devassist.task/1", **builtins(TaskDocument.of(task))}


def plan_document(plan: Plan, foreseen: Mapping[str, object] = NOTHING) -> Json:
    """A plan of contract 3, with what is foreseen of it."""
    return {"schema": SCHEMA, **builtins(plan), **foreseen}


def document_of(story: Story) -> Json:
    """The report as the JSON document `devassist.report/1`."""
    from devassist.reports.document import document

    return document(story)


def write(path: Path, text: str) -> None:
    """Replace a file at once: a reader sees the old text or the new."""
    from devassist.reports.latest import write_whole

    write_whole(path, text)
