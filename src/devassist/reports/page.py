"""The report of a run as one page of HTML that needs nothing else: no script, no font, no address. Pure."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from html import escape

from devassist.domain.markup import visible
from devassist.reports.story import Story
from devassist.reports.templates import facts, renderer
from devassist.reports.timeline import timeline

_MOST_ROWS = 1000


def page(story: Story) -> str:
    """The whole document."""
    return _render()(facts(story), picture=timeline(story), most=_MOST_ROWS)


def _text(text: str) -> str:
    return escape(visible(text))


def _code(text: str) -> str:
    return f"<code>{_text(text)}</code>"


@cache
def _render() -> Callable[..., str]:
    return renderer("page.html", text=_text, code=_code)
