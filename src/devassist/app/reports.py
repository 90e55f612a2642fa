"""Reads the story of a run from the log, and writes it as a report."""

from __future__ import annotations

from pathlib import Path

from devassist.app.conflicts.known import KnownConflict, known_conflicts
from devassist.app.wiring.project import Project, open_reader
from devassist.app.wiring.task_diff import task_diffs
from devassist.domain.conflicts import ConflictStatus
from devassist.reports.document import document
from devassist.reports.latest import write_whole
from devassist.reports.markdown import markdown
from devassist.reports.page import page
from devassist.reports.parts import ConflictEnding
from devassist.reports.run_document import Json
from devassist.reports.story import Story
from devassist.store.filters import EventFilter

# Prompts, replies and results of tools are not part of a report; the output of checks is.
_UNREAD = frozenset({"model.intended", "model.called", "tool.intended", "tool.called"})


def load_story(project: Project, run: str) -> Story:
    """The story of one run; `run` may be a prefix or @last. Raises NotFound."""
    with open_reader(project) as reader:
        name = reader.find_run(run)
        story = Story.of(reader.events(EventFilter(run=name), raw_types=_UNREAD))
    if story.state.conflicts:
        for id_, known in known_conflicts(project).items():
            if id_ in story.state.conflicts and known.changes:
                story.endings[id_] = _ending(known)
    return story


def _ending(known: KnownConflict) -> ConflictEnding:
    if known.decision is None:
        return ConflictEnding(status=ConflictStatus.GONE)
    return ConflictEnding(status=known.decision.status, who=known.decision.who, reason=known.decision.reason)


def report_text(story: Story) -> str:
    """The report in Markdown."""
    return markdown(story)


def report_page(project: Project, story: Story) -> str:
    """The report as one page of HTML, with the diff of each task."""
    return page(story, task_diffs(project, story))


def document_of(story: Story) -> Json:
    """The report as the JSON document `devassist.report/1`."""
    return document(story)


def write(path: Path, text: str) -> None:
    """Replace a file atomically: a reader sees the old text or the new."""
    write_whole(path, text)
