"""The report of a run in Markdown: what a reviewer wants to know before merging. Pure."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from devassist.domain.markup import block, code, prose, quoted
from devassist.reports.story import Story
from devassist.reports.templates import facts, renderer

_MOST_ROWS = 200
"""Rows of a table; a run that made more decisions says so."""
_MOST_PATHS = 12
"""Paths that are named of one commit."""


def markdown(story: Story) -> str:
    """Goal, plan, what landed, evidence per task, conflicts, what waits, decisions, costs, how to undo and go on."""
    return _render()(facts(story), most=_MOST_ROWS, most_paths=_MOST_PATHS)


@cache
def _render() -> Callable[..., str]:
    return renderer("report.md", text=prose, block=block, code=code, quoted=quoted)
